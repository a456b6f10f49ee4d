/* publication.c - bytes that say they are a publication, and everything that may be asked of them.
 */
#include <stdlib.h>
#include <string.h>

#include "ask_all.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    size_t answers;

    if (!copy)
        return 0;
    memcpy(copy, data, size);
    ask_all_rehash(copy, size); /* else the hash would refuse every change before a check sees it */
    (void)ask_all(copy, size, &answers);
    free(copy);
    return 0;
}
