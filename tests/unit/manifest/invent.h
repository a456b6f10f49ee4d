/*
 * invent.h - plans of publications without track files: for tests and fuzz targets.
 */
#ifndef SAMPAN_TESTS_INVENT_H
#define SAMPAN_TESTS_INVENT_H

#include "sampan/publication.h"

#define INVENT_ID "publication_01hzy3v7q2kqj8w5r9c4t6m0ab"

struct invent {
    struct spn_rate rate;
    uint32_t frames;
    uint32_t segment_gops;
    unsigned videos, stereo, surround, texts; /* renditions of each */
    unsigned cues;                            /* of each text */
    unsigned sheets;                          /* 0 or 1: is there a storyboard */
    unsigned chapters;                        /* of ten seconds each */
    unsigned inexact; /* every so many-th fragment is a bridge in another file */
    uint64_t seed;
};

struct invented {
    struct spn_publication_plan plan;
    struct spn_plan_file files[64];
    struct spn_plan_rendition renditions[SPN_RENDITIONS_MAX];
    struct spn_plan_storyboard storyboard;
    void *owned[256];
    size_t owned_count;
    uint64_t state;
};

/* A plan with fragments of one GOP, sound cut at the AAC frame nearest to each, and random sizes.
 */
void invent(const struct invent *wish, struct invented *out);
void invented_finish(struct invented *invented);
uint32_t invented_random(struct invented *invented, uint32_t below);

#endif
