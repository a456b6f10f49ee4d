/* box_read.c - boxes out of bytes. */
#include "box_read.h"

struct spn_box_name spn_box_name_of(uint32_t type)
{
    struct spn_box_name name = { "" };

    for (int i = 0; i < 4; i++) {
        char c = (char)(type >> (24 - 8 * i) & 0xFF);

        name.text[i] = c >= ' ' && c <= '~' ? c : '.';
    }
    return name;
}

struct spn_boxes spn_boxes_of(const void *bytes, size_t size, uint64_t at, const char *name)
{
    return (struct spn_boxes){ spn_reader_of(bytes, size), at, name };
}

struct spn_boxes spn_boxes_in(const struct spn_box *box, const char *name)
{
    size_t left = spn_reader_left(&box->body);

    return (struct spn_boxes){ box->body, box->at + box->size - left, name };
}

int spn_boxes_next(struct spn_boxes *boxes, struct spn_box *out, struct spn_error *err)
{
    size_t left = spn_reader_left(&boxes->reader);
    const uint8_t *body;

    if (left == 0)
        return 0;
    out->at = boxes->at;
    out->size = spn_reader_be32(&boxes->reader);
    out->type = spn_reader_be32(&boxes->reader);
    if (boxes->reader.failed)
        return spn_error_set(err, SPN_EFORMAT, "%s: %zu bytes at byte %llu are too few for a box",
                             boxes->name, left, (unsigned long long)boxes->at);
    body = out->size < 8 ? NULL : spn_reader_take(&boxes->reader, out->size - 8);
    if (!body)
        return spn_error_set(err, SPN_EFORMAT,
                             "%s: box %s at byte %llu says it has %zu bytes, there are %zu",
                             boxes->name, spn_box_name_of(out->type).text,
                             (unsigned long long)boxes->at, out->size, left);
    out->body = spn_reader_of(body, out->size - 8);
    boxes->at += out->size;
    return 1;
}

uint32_t spn_box_full(struct spn_box *box)
{
    return spn_reader_be32(&box->body);
}

int spn_box_bad(const struct spn_box *box, const char *name, const char *what,
                struct spn_error *err)
{
    return spn_error_set(err, SPN_EFORMAT, "%s: box %s at byte %llu %s", name,
                         spn_box_name_of(box->type).text, (unsigned long long)box->at, what);
}
