/*
 * grid.h - times of frames against a constant rate.
 */
#ifndef SAMPAN_SOURCE_GRID_H
#define SAMPAN_SOURCE_GRID_H

#include "conform.h"

/* A frame may be off its place by this many ticks of the container's clock either way. */
#define GRID_TICKS 1

/* The place, from 0, nearest to pts on the grid that begins at start; halves go down. */
int64_t grid_place(int64_t pts, int64_t start, int64_t time_num, int64_t time_den,
                   struct spn_rate rate);

struct grid {
    enum conform_how how;
    struct spn_rate rate;
};

/*
 * Choose the rate for the frames of index. declared (0/0: none) is what the file says, which
 * decides between rates that fit equally well; pulldown: frames with repeated fields are expected.
 */
void grid_choose(const struct index *index, struct spn_rate declared, int pulldown,
                 struct grid *out);

#endif
