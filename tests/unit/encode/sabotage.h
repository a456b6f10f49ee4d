/*
 * sabotage.h - for tests of verification: files that are not what they should be.
 */
#ifndef TEST_SABOTAGE_H
#define TEST_SABOTAGE_H

#include <jansson.h>

#include "cut_run.h"

/*
 * Encode as many frames of the film as [from, to) has, beginning with `from`, with ffmpeg, this
 * filter and these arguments (NULL at the end), and write them as one fragment each `gop` frames:
 * a file of the track at `like`, but for its parameter sets and, where there is one, its rate.
 */
struct foreign {
    const char *film;
    unsigned from, to;
    const char *filter; /* what is done to pictures that the film has */
    const char *const *encoder;
    unsigned gop;
    const char *like;
    struct spn_rate rate; /* 0/0: that of like */
};

void foreign_write(const struct foreign *foreign, const char *path);

/* Write the file at path again, its packets moved by `late` places in every fragment (1: the first
 * is there twice, the last is lost). */
void packets_move(const char *path, int late);

/*
 * Write the file at path again, the bridges of sound of the cut: nothing in it is encoded, all are
 * packets of the assets, one clip's after the other's.
 */
void packets_join(const struct cut_run *run, const char *path);

/* Overwrite bytes in the middle of a sample of a fragment, both from 0. */
void bytes_spoil(const char *path, size_t fragment, size_t sample);

/* Make the slices of the first sample of a fragment (from 0) those of a picture that is no IDR
 * picture: H.264. */
void idr_unmark(const char *path, size_t fragment);

/* The verification failed, and one of its sentences has both words; else the test fails, saying
 * what was found. */
void is_caught(const json_t *result, const char *check, const char *words);
/* It did not fail. */
void is_good(const json_t *result);

#endif
