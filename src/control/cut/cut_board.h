/* cut_board.h - the storyboard of a cut: tiles of its assets' boards, each where it was made. */
#ifndef CONTROL_CUT_BOARD_H
#define CONTROL_CUT_BOARD_H

#include "cut.h"
#include "sampan/publication.h"

struct cut_board {
    struct spn_plan_storyboard plan; /* of no sheets where there is none */
    struct spn_plan_sheet *sheets;   /* what plan points to: a tile each */
};

/* The number that a file of tiles has in the publication. */
typedef int cut_board_file(void *opaque, const char *name, uint32_t *file, struct spn_error *err);

/*
 * Of a cut that is built. Where an asset has no board, or boards are of different sizes, there is
 * none. *out goes to cut_board_finish() always; it is zeroed before.
 */
int cut_board_make(struct db *db, const struct cut *cut, cut_board_file *file, void *opaque,
                   struct cut_board *out, struct spn_error *err);
void cut_board_finish(struct cut_board *board);

#endif
