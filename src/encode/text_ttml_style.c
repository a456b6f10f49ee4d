/* text_ttml_style.c - how a part of a TTML document looks and where it stands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_ttml.h"

#define TTML_CHAIN_MAX 16 /* styles that refer to styles */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct ttml_id *)a)->id, ((const struct ttml_id *)b)->id);
}

void ttml_ids_sort(struct ttml *ttml)
{
    qsort(ttml->ids, ttml->id_count, sizeof(*ttml->ids), by_id);
}

static xmlNode *node_of(const struct ttml *ttml, const char *id, size_t size)
{
    char word[128];
    struct ttml_id key = { word, NULL }, *found;

    if (size == 0 || size >= sizeof(word) || ttml->id_count == 0)
        return NULL;
    memcpy(word, id, size);
    word[size] = '\0';
    found = bsearch(&key, ttml->ids, ttml->id_count, sizeof(key), by_id);
    return found ? found->node : NULL;
}

/* What node itself says of a style, or the styles it refers to, the last one first. */
static const char *chained(const struct ttml *ttml, const xmlNode *node, const char *name,
                           int depth)
{
    const char *value = node_attribute(node, name), *refs;
    size_t end;

    if (value || depth == 0)
        return value;
    for (const xmlNode *child = node_is(node, "region") ? node->children : NULL; child;
         child = child->next)
        if (node_is(child, "style") && (value = chained(ttml, child, name, depth - 1)))
            return value;
    refs = node_attribute(node, "style");
    for (end = refs ? strlen(refs) : 0; end;) {
        size_t from;
        xmlNode *style;

        while (end && refs[end - 1] == ' ')
            end--;
        for (from = end; from && refs[from - 1] != ' '; from--)
            ;
        style = node_of(ttml, refs + from, end - from);
        if (style && node_is(style, "style") && (value = chained(ttml, style, name, depth - 1)))
            return value;
        end = from;
    }
    return NULL;
}

const char *ttml_own_style(const struct ttml *ttml, const xmlNode *node, const char *name)
{
    return chained(ttml, node, name, TTML_CHAIN_MAX);
}

xmlNode *ttml_region(const struct ttml *ttml, const xmlNode *node)
{
    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        const char *id = node_attribute(node, "region");
        xmlNode *region = id ? node_of(ttml, id, strlen(id)) : NULL;

        if (region && node_is(region, "region"))
            return region;
    }
    return NULL;
}

/* Inherited: node, what it is in, and the region it is shown in. */
static const char *style_value(const struct ttml *ttml, const xmlNode *node, const char *name)
{
    const xmlNode *region = ttml_region(ttml, node);
    const char *value;

    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent)
        if ((value = ttml_own_style(ttml, node, name)))
            return value;
    return region ? ttml_own_style(ttml, region, name) : NULL;
}

int ttml_hidden(const struct ttml *ttml, const xmlNode *node)
{
    return text_is(ttml_own_style(ttml, node, "display"), "none") ||
           text_is(style_value(ttml, node, "visibility"), "hidden");
}

/* "10% 80%": two percentages, in hundredths of one. */
static int percentages(const char *value, int64_t *x, int64_t *y)
{
    if (!value || (*x = ttml_millionths(&value)) < 0 || *value++ != '%')
        return 0;
    while (*value == ' ')
        value++;
    return (*y = ttml_millionths(&value)) >= 0 && *value == '%' && *x <= 100000000 &&
           *y <= 100000000;
}

void ttml_settings(const struct ttml *ttml, const xmlNode *node, char out[128])
{
    const xmlNode *region = ttml_region(ttml, node);
    const char *align = style_value(ttml, node, "textAlign");
    const char *place = region ? ttml_own_style(ttml, region, "displayAlign") : NULL;
    const char *origin = region ? ttml_own_style(ttml, region, "origin") : NULL;
    const char *extent = region ? ttml_own_style(ttml, region, "extent") : NULL;
    const char *mode = style_value(ttml, node, "writingMode");
    int64_t x = 0, y = 0, w = 100000000, h = 100000000;
    size_t used = 0;

    out[0] = '\0';
    if (mode && strncmp(mode, "tb", 2) == 0) {
        (void)snprintf(out, 128, "vertical:%s", strcmp(mode, "tblr") == 0 ? "lr" : "rl");
        return;
    }
    if (region && percentages(origin, &x, &y) && percentages(extent, &w, &h)) {
        int64_t line = text_is(place, "after")    ? y + h
                       : text_is(place, "center") ? y + h / 2
                                                  : y; /* before is what is not said */

        if (line < 20000000)
            used = (size_t)snprintf(out, 128, "line:0");
        else if (line < 70000000 && !text_is(place, "after"))
            used = (size_t)snprintf(out, 128, "line:%d%%", (int)(line / 1000000));
        else if (line < 60000000) /* its last line, less what two lines take */
            used = (size_t)snprintf(out, 128, "line:%d%%", (int)(line / 1000000) - 10);
    }
    if (text_is(align, "left") || text_is(align, "right"))
        (void)snprintf(out + used, 128 - used, "%salign:%s", used ? " " : "", align);
    else if (text_is(align, "end"))
        (void)snprintf(out + used, 128 - used, "%salign:end", used ? " " : "");
    else if (text_is(align, "start"))
        (void)snprintf(out + used, 128 - used, "%salign:start", used ? " " : "");
}

void ttml_style(const struct ttml *ttml, const xmlNode *node, struct style *style)
{
    const char *weight = style_value(ttml, node, "fontWeight");
    const char *slant = style_value(ttml, node, "fontStyle");
    const char *line = style_value(ttml, node, "textDecoration");
    const char *colour = style_value(ttml, node, "color");

    style->bold = text_is(weight, "bold") ? 1 : 0;
    style->italic = text_is(slant, "italic") || text_is(slant, "oblique") ? 1 : 0;
    style->underline = line && strstr(line, "underline") && !strstr(line, "noUnderline") ? 1 : 0;
    style->colour = colour ? colour_legible(colour_named(colour, strlen(colour))) : COLOUR_NONE;
}
