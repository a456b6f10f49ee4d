/*
 * box_read.h - the boxes in a stretch of bytes, one after the other, none of them leaving it.
 */
#ifndef TRACK_BOX_READ_H
#define TRACK_BOX_READ_H

#include "box_write.h"
#include "sampan/bytes.h"
#include "sampan/error.h"

struct spn_box {
    uint32_t type;
    uint64_t at;            /* where it begins in the file */
    struct spn_reader body; /* what follows its head */
    size_t size;            /* bytes, head included */
};

struct spn_boxes {
    struct spn_reader reader;
    uint64_t at;      /* where the reader stands in the file */
    const char *name; /* of the file, for the sentence */
};

struct spn_boxes spn_boxes_of(const void *bytes, size_t size, uint64_t at, const char *name);
/* The boxes in what is left of box's body. */
struct spn_boxes spn_boxes_in(const struct spn_box *box, const char *name);
/* 1 and the next box, 0 at the end, or SPN_EFORMAT: it does not fit. */
int spn_boxes_next(struct spn_boxes *boxes, struct spn_box *out, struct spn_error *err);
/* Version and flags of a FullBox, taken from its body. */
uint32_t spn_box_full(struct spn_box *box);
/* SPN_EFORMAT that names the box and its place. */
int spn_box_bad(const struct spn_box *box, const char *name, const char *what,
                struct spn_error *err);

/* "%s" of a type: four letters, what is no letter as a dot. */
struct spn_box_name {
    char text[5];
};
struct spn_box_name spn_box_name_of(uint32_t type);

#endif
