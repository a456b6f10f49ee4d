/* text_ttml.h - a TTML document while it is read: its nodes, their times and their styles. */
#ifndef SAMPAN_ENCODE_TEXT_TTML_H
#define SAMPAN_ENCODE_TEXT_TTML_H

#include <libxml/tree.h>
#include <string.h>

#include "text_markup.h"

struct ttml_id {
    const char *id;
    xmlNode *node;
};

struct ttml {
    const struct text_source *source;
    struct cues *out;
    xmlNode *root, *layout;
    struct ttml_id *ids; /* of styles and regions, in order after ttml_ids_sort() */
    size_t id_count, elements, sets;
    int64_t frame_num, frame_den; /* frames a second */
    int64_t tick_rate, sub_frames, nominal;
    int smpte, drop; /* times are time code; of 30000/1001 that drops numbers */
    struct spn_error *err;
};

static inline const char *xml_text(const xmlChar *string)
{
    return (const char *)string;
}

static inline int text_is(const char *value, const char *word)
{
    return value && strcmp(value, word) == 0;
}

static inline int node_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp(xml_text(node->name), name) == 0;
}

/* The value of an attribute by its local name, whatever its namespace; borrowed, or NULL. */
static inline const char *node_attribute(const xmlNode *node, const char *name)
{
    for (const xmlAttr *at = node->properties; at; at = at->next)
        if (strcmp(xml_text(at->name), name) == 0)
            return at->children && at->children->content ? xml_text(at->children->content) : "";
    return NULL;
}

/* Digits, with a fraction, as a whole number of millionths; -1 where there are none. */
int64_t ttml_millionths(const char **at);

/* ---- style ---- */

void ttml_ids_sort(struct ttml *ttml);
/* What node itself says of a style, or the styles it refers to, the last one first; or NULL. */
const char *ttml_own_style(const struct ttml *ttml, const xmlNode *node, const char *name);
/* The region that node is shown in, or NULL. */
xmlNode *ttml_region(const struct ttml *ttml, const xmlNode *node);
/* Of an element itself, not inherited: is it shown at all? */
int ttml_hidden(const struct ttml *ttml, const xmlNode *node);
/*
 * Where a paragraph stands: at the top or in the middle where its region says so, to the left or
 * right where its lines begin or end there. All else is below and in the middle, where players put
 * a cue anyway.
 */
void ttml_settings(const struct ttml *ttml, const xmlNode *node, char out[128]);
void ttml_style(const struct ttml *ttml, const xmlNode *node, struct style *style);

#endif
