/* Any bytes as a list: read, counted at a rate, released. */
#include <stdint.h>

#include "cut_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut_report report = { 0 };
    struct cut_list *list;

    if (cut_list_read(data, size, "list", &list, &report, NULL) == SPN_OK)
        cut_list_count(list, (struct spn_rate){ 30000, 1001 }, &report);
    cut_list_free(list);
    cut_report_finish(&report);
    return 0;
}
