/*
 * moof.h - one movie fragment box, read and judged.
 */
#ifndef TRACK_MOOF_H
#define TRACK_MOOF_H

#include "rules.h"
#include "sampan/track.h"

/* 4096 samples of 16 bytes in trun, and what stands before it. */
#define SPN_MOOF_SIZE_MAX ((uint32_t)SPN_SAMPLES_MAX * 16 + 1024)

struct spn_moof {
    uint32_t sequence;
    uint64_t decode;     /* ticks */
    uint64_t duration;   /* ticks, of all samples */
    uint64_t data;       /* bytes of all samples */
    int64_t data_offset; /* from the begin of moof */
    uint32_t samples, first_size;
    int single; /* one traf and one trun: the numbers above are all of it */
};

/*
 * Read the whole moof that bytes holds and that lies at byte at of the file. The first max samples
 * go to places, which may be NULL. SPN_EFORMAT, SPN_ELIMIT.
 */
int spn_moof_read(const uint8_t *bytes, size_t size, uint64_t at, const struct spn_track_info *info,
                  struct spn_judge *judge, struct spn_moof *out, struct spn_sample_place *places,
                  size_t max, struct spn_error *err);

#endif
