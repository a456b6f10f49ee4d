/* Two bytes say how long avcC is, then come avcC and a sample: what is renumbered is read so. */
#include <stdint.h>
#include <stdlib.h>

#include "sampan/buffer.h"
#include "sampan/bytes.h"
#include "sampan/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spn_track_info info = { .media = SPN_VIDEO, .codec = SPN_H264 };
    struct spn_buffer out = { 0 };
    uint32_t id, again;
    size_t length;

    if (size < 2)
        return 0;
    length = (size_t)data[0] << 8 | data[1];
    if (length > size - 2)
        return 0;
    info.config = data + 2;
    info.config_size = length;
    if (spn_idr_id(&info, data + 2 + length, size - 2 - length, &id, NULL) == SPN_OK) {
        if (spn_idr_renumber(&info, data + 2 + length, size - 2 - length, 5, &out, NULL) < 0 ||
            spn_idr_id(&info, out.data, out.size, &again, NULL) < 0 || again != 5)
            abort();
    } else if (spn_idr_renumber(&info, data + 2 + length, size - 2 - length, 5, &out, NULL) >= 0 ||
               out.size) {
        abort();
    }
    spn_buffer_finish(&out);
    return 0;
}
