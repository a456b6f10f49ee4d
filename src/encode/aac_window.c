/* aac_window.c - ISO/IEC 14496-3, 4.4.2.1: raw_data_block, single_channel_element, ics_info. */
#include "aac_window.h"

#include "sampan/error.h"

enum { SCE = 0, CPE = 1 };
enum { ONLY_LONG = 0, LONG_START = 1, EIGHT_SHORT = 2, LONG_STOP = 3 };

static unsigned bits(const uint8_t *packet, unsigned at, unsigned count)
{
    unsigned value = 0;

    for (; count > 0; count--, at++)
        value = value << 1 | ((unsigned)packet[at / 8] >> (7 - at % 8) & 1u);
    return value;
}

/* id_syn_ele 3, element_instance_tag 4; global_gain 8 or common_window 1; ics_reserved_bit 1. */
int aac_window_read(const uint8_t *packet, size_t size, struct aac_window *out)
{
    unsigned element, at = 7;

    if (size < 4)
        return SPN_EFORMAT;
    element = bits(packet, 0, 3);
    if (element == CPE)
        at += bits(packet, at, 1) ? 1 : 1 + 8;
    else if (element == SCE)
        at += 8;
    else
        return SPN_EFORMAT;
    out->sequence = (int)bits(packet, at + 1, 2);
    out->shape = (int)bits(packet, at + 3, 1);
    return SPN_OK;
}

int aac_window_fits(struct aac_window before, struct aac_window next, int made_after)
{
    int right_long = before.sequence == ONLY_LONG || before.sequence == LONG_STOP;
    int left_long = next.sequence == ONLY_LONG || next.sequence == LONG_START;

    return right_long == left_long && before.shape == made_after;
}
