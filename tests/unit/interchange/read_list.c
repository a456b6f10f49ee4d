/* read_list.c - print what a list says, and every fault and note of it: read_list FILE [RATE]. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cut_list.h"
#include "sampan/file.h"

int main(int argc, char **argv)
{
    struct spn_buffer bytes = { 0 };
    struct spn_error err = { 0 };
    struct cut_report report = { 0 };
    struct cut_list *list = NULL;
    struct spn_rate rate = { 0, 0 };
    int ret;

    if (argc < 2)
        return 2;
    if (argc > 2 && sscanf(argv[2], "%" SCNu32 "/%" SCNu32, &rate.num, &rate.den) == 1)
        rate.den = 1;
    if ((ret = spn_file_get(argv[1], CUT_LIST_SIZE_MAX, &bytes, &err)) < 0 ||
        (ret = cut_list_read(bytes.data, bytes.size, argv[1], &list, &report, &err)) < 0) {
        printf("refused: %s\n", err.text);
    } else {
        cut_list_count(list, rate, &report);
        printf("%s \"%s\" at %" PRIu32 "/%" PRIu32 ", %zu events, %zu markers, %zu faults\n",
               list->format, list->title, list->rate.num, list->rate.den, list->count,
               list->marker_count, report.faults);
        for (size_t i = 0; i < list->count && i < 8; i++)
            printf("  %zu: reel \"%s\" name \"%s\" file \"%s\" [%" PRId64 ", %" PRId64
                   ") of media from %" PRId64 "\n",
                   list->events[i].line, list->events[i].reel, list->events[i].name,
                   list->events[i].file, list->events[i].in.frame, list->events[i].out.frame,
                   list->events[i].start.frame);
        for (size_t i = 0; i < report.count; i++)
            printf("  %s line %zu: %s\n", report.remarks[i].is_fault ? "fault" : "note",
                   report.remarks[i].line, report.remarks[i].text);
    }
    cut_list_free(list);
    cut_report_finish(&report);
    spn_buffer_finish(&bytes);
    return ret < 0;
}
