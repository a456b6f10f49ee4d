/* cues.c - what says it is the canonical WebVTT: what is read writes itself again. */
#include <stdlib.h>
#include <string.h>

#include "sampan/cues.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spn_buffer again = { 0 };
    struct spn_cues cues;

    if (spn_cues_read(data, size, "x", &cues, NULL) == SPN_OK) {
        if (spn_cues_write(cues.cues, cues.count, &again, NULL) < 0 || again.size != size ||
            memcmp(again.data, data, size) != 0)
            abort();
        spn_cues_finish(&cues);
    }
    spn_buffer_finish(&again);
    return 0;
}
