/*
 * text_ttml.c - TTML and its profiles IMSC 1 and EBU-TT-D, of the text kind.
 *
 * Every element has the interval in which it is active, from begin, end and dur in parallel or
 * sequential containers. A paragraph becomes one cue for each stretch of time in which the same
 * parts of it are active. The parser resolves no entity but XML's five, fetches nothing and stops
 * at named limits.
 */
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_ttml.h"

#define FOREVER        ((int64_t)360000000000) /* microseconds: 100 hours */
#define TTML_DEPTH_MAX 64
#define TTML_IDS_MAX   4000
#define TTML_TIMES_MAX 2000 /* changes within one paragraph */
#define XML_NS         "http://www.w3.org/XML/1998/namespace"

/* When a node is active: [begin, end) in microseconds. */
struct span {
    int64_t begin, end;
};

static int64_t number_of(const char *string, int64_t otherwise)
{
    char *end;
    long value = string ? strtol(string, &end, 10) : 0;

    return value > 0 && value < 1000000000 ? value : otherwise;
}

/* ---- time ---- */

int64_t ttml_millionths(const char **at)
{
    int64_t value = 0, unit = 100000;
    const char *from = *at;

    for (; **at >= '0' && **at <= '9'; (*at)++)
        if (value < 1000000000)
            value = value * 10 + (**at - '0');
    if (*at == from)
        return -1;
    value *= 1000000;
    if (**at == '.')
        for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) {
            value += unit * (**at - '0');
            unit /= 10;
        }
    return value;
}

/* a * b / c for values that were limited before, without leaving 64 bits on the way. */
static int64_t scaled(int64_t a, int64_t b, int64_t c)
{
    __int128 value = (__int128)a * b / c;

    return value > FOREVER ? FOREVER : (int64_t)value;
}

/* Hours, minutes, seconds and frames counted as time code counts them. */
static int64_t timecode(const struct ttml *ttml, const int64_t parts[4])
{
    int64_t minutes = parts[0] / 1000000 * 60 + parts[1] / 1000000;
    int64_t frames = (minutes * 60 + parts[2] / 1000000) * ttml->nominal + parts[3] / 1000000;

    if (ttml->drop) /* two numbers a minute, but for every tenth */
        frames -= 2 * (minutes - minutes / 10);
    if (frames < 0)
        return -1;
    return scaled(frames * 1000, 1000 * ttml->frame_den, ttml->frame_num) +
           parts[2] % 1000000; /* a fraction where there are no frames */
}

/* "00:00:01.5", "00:00:01:12", "1.5s", "100t"; -1 where it is none. */
static int64_t time_read(const struct ttml *ttml, const char *at)
{
    int64_t parts[4] = { 0, 0, 0, 0 }, us;
    int count = 0;

    while (*at == ' ')
        at++;
    do {
        if (count == 4 || (parts[count++] = ttml_millionths(&at)) < 0)
            return -1;
    } while (*at == ':' && *at++);
    while (*at == ' ')
        at++;
    if (count == 1) {
        us = strcmp(at, "h") == 0    ? scaled(parts[0], 3600, 1)
             : strcmp(at, "m") == 0  ? scaled(parts[0], 60, 1)
             : strcmp(at, "s") == 0  ? parts[0]
             : strcmp(at, "ms") == 0 ? parts[0] / 1000
             : strcmp(at, "f") == 0  ? scaled(parts[0], ttml->frame_den, ttml->frame_num)
             : strcmp(at, "t") == 0  ? scaled(parts[0], 1, ttml->tick_rate)
                                     : -1;
        return us > FOREVER ? FOREVER : us;
    }
    if (count < 3 || *at)
        return -1;
    if (ttml->smpte)
        return timecode(ttml, parts);
    us = scaled(parts[0], 3600, 1) + scaled(parts[1], 60, 1) + parts[2];
    if (count == 4) /* frames, and parts of one after a full stop */
        us += scaled(parts[3] / 1000000 * 1000000, ttml->frame_den, ttml->frame_num) +
              scaled(parts[3] % 1000000, ttml->frame_den, ttml->frame_num * ttml->sub_frames);
    return us > FOREVER ? FOREVER : us;
}

static int bad_time(const struct ttml *ttml, const xmlNode *node, const char *value)
{
    return spn_error_set(ttml->err, SPN_EFORMAT, "line %ld of %s has a time that is none: %.40s",
                         xmlGetLineNo((xmlNode *)(uintptr_t)node), ttml->source->name, value);
}

/* When node is active within parent; after is the end of what came before it in a sequence. */
static int span_read(const struct ttml *ttml, const xmlNode *node, struct span parent, int sequence,
                     int64_t after, struct span *out)
{
    const char *begin = node_attribute(node, "begin"), *end = node_attribute(node, "end"),
               *dur = node_attribute(node, "dur");
    int64_t base = sequence ? after : parent.begin, value;

    out->begin = base;
    out->end = parent.end;
    if (begin) {
        if ((value = time_read(ttml, begin)) < 0)
            return bad_time(ttml, node, begin);
        out->begin = base + value;
    }
    if (end) {
        if ((value = time_read(ttml, end)) < 0)
            return bad_time(ttml, node, end);
        out->end = base + value < out->end ? base + value : out->end;
    }
    if (dur) {
        if ((value = time_read(ttml, dur)) < 0)
            return bad_time(ttml, node, dur);
        out->end = out->begin + value < out->end ? out->begin + value : out->end;
    }
    /* a child of a sequence without a duration takes no time, as SMIL has it */
    if (sequence && !end && !dur)
        out->end = out->begin;
    return SPN_OK;
}

static int is_sequence(const xmlNode *node)
{
    const char *container = node_attribute(node, "timeContainer");

    return container && strcmp(container, "seq") == 0;
}

/* ---- content ---- */

/* Is white space of node kept as it is? */
static int preserved(const xmlNode *node)
{
    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent)
        for (const xmlAttr *at = node->properties; at; at = at->next)
            if (strcmp(xml_text(at->name), "space") == 0 && at->ns &&
                strcmp(xml_text(at->ns->href), XML_NS) == 0)
                return at->children && at->children->content &&
                       strcmp(xml_text(at->children->content), "preserve") == 0;
    return 0;
}

static void characters(struct markup *markup, const struct style *style, const xmlNode *node)
{
    const char *text = xml_text(node->content);
    int keep = preserved(node->parent);

    for (size_t i = 0, from = 0, size = strlen(text); i <= size; i++)
        if (i == size || (!keep && (text[i] == '\n' || text[i] == '\r'))) {
            markup_text(markup, style, text + from, i - from);
            if (i < size)
                markup_character(markup, style, ' ');
            from = i + 1;
        }
}

/* What of node is active at a time, into markup. */
static int content(const struct ttml *ttml, const xmlNode *node, struct span span, int64_t now,
                   struct style style, uint32_t *rubies, struct markup *markup, int depth)
{
    const char *ruby;
    int64_t after = span.begin;
    int ret, bare;

    if (depth == 0)
        return spn_error_set(ttml->err, SPN_ELIMIT, "line %ld of %s is nested more than %d deep",
                             xmlGetLineNo((xmlNode *)(uintptr_t)node), ttml->source->name,
                             TTML_DEPTH_MAX);
    if (ttml_hidden(ttml, node))
        return SPN_OK;
    ttml_style(ttml, node, &style);
    ruby = ttml_own_style(ttml, node, "ruby");
    bare = is_sequence(node) || (ruby && strstr(ruby, "ontainer")); /* only elements count in it */
    if (text_is(ruby, "container"))
        style.ruby = ++*rubies;
    else if (text_is(ruby, "text") || text_is(ruby, "textContainer"))
        style.reading = 1;
    else if (text_is(ruby, "delimiter")) /* brackets for those who have no ruby */
        return SPN_OK;
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
            if (!bare)
                characters(markup, &style, child);
        } else if (node_is(child, "br")) {
            markup_break(markup);
        } else if (node_is(child, "span") || node_is(child, "a")) {
            struct span inner;

            if ((ret = span_read(ttml, child, span, is_sequence(node), after, &inner)) < 0)
                return ret;
            after = inner.end;
            if (inner.begin <= now && now < inner.end &&
                (ret = content(ttml, child, inner, now, style, rubies, markup, depth - 1)) < 0)
                return ret;
        }
    }
    return SPN_OK;
}

struct times {
    int64_t at[TTML_TIMES_MAX];
    size_t count;
};

static int time_put(const struct ttml *ttml, struct times *times, int64_t at)
{
    if (times->count == TTML_TIMES_MAX)
        return spn_error_set(ttml->err, SPN_ELIMIT, "a paragraph of %s changes more than %d times",
                             ttml->source->name, TTML_TIMES_MAX);
    times->at[times->count++] = at;
    return SPN_OK;
}

/* Every begin and end within node. */
static int times_read(const struct ttml *ttml, const xmlNode *node, struct span span,
                      struct times *times, int depth)
{
    int64_t after = span.begin;
    int ret;

    for (const xmlNode *child = node->children; child && depth; child = child->next)
        if (node_is(child, "span") || node_is(child, "a")) {
            struct span inner;

            if ((ret = span_read(ttml, child, span, is_sequence(node), after, &inner)) < 0)
                return ret;
            after = inner.end;
            if (inner.begin > span.begin && (ret = time_put(ttml, times, inner.begin)) < 0)
                return ret;
            if (inner.end < span.end && (ret = time_put(ttml, times, inner.end)) < 0)
                return ret;
            if ((ret = times_read(ttml, child, inner, times, depth - 1)) < 0)
                return ret;
        }
    return SPN_OK;
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

static int64_t to_ms(int64_t us)
{
    return (us + 500) / 1000;
}

static int paragraph(struct ttml *ttml, const xmlNode *node, struct span span)
{
    struct times *times = malloc(sizeof(*times));
    const xmlNode *region = ttml_region(ttml, node);
    struct span all = { 0, FOREVER }, shown = all;
    char settings[128];
    int ret = SPN_OK;

    if (!times)
        return spn_error_set(ttml->err, SPN_ENOMEM, "out of memory for %s", ttml->source->name);
    times->count = 0;
    if (region && (ret = span_read(ttml, region, all, 0, 0, &shown)) < 0)
        goto done;
    span.begin = shown.begin > span.begin ? shown.begin : span.begin;
    span.end = shown.end < span.end ? shown.end : span.end;
    if (span.begin >= span.end)
        goto done;
    ttml_settings(ttml, node, settings);
    if ((ret = time_put(ttml, times, span.begin)) < 0 ||
        (ret = time_put(ttml, times, span.end)) < 0 ||
        (ret = times_read(ttml, node, span, times, TTML_DEPTH_MAX)) < 0)
        goto done;
    qsort(times->at, times->count, sizeof(times->at[0]), by_value);
    for (size_t i = 0; i + 1 < times->count; i++) {
        struct markup markup = { 0 };
        struct style style = { 0 };
        uint32_t rubies = 0;

        if (times->at[i] == times->at[i + 1] || times->at[i] < span.begin ||
            times->at[i] >= span.end)
            continue;
        ret = content(ttml, node, span, times->at[i], style, &rubies, &markup, TTML_DEPTH_MAX);
        /* what lasts as long as the file does is shown as long as a cue can be */
        if (ret == SPN_OK && markup.out.size)
            ret = cues_add(ttml->out, to_ms(times->at[i]),
                           times->at[i + 1] >= FOREVER ? 359999999 : to_ms(times->at[i + 1]),
                           settings, &markup, ttml->err);
        markup_finish(&markup);
        if (ret < 0)
            goto done;
    }

done:
    free(times);
    return ret;
}

/* body, div and p, from the outside in. */
static int element(struct ttml *ttml, const xmlNode *node, struct span span, int depth)
{
    int64_t after = span.begin;
    int ret;

    if (depth == 0)
        return spn_error_set(ttml->err, SPN_ELIMIT, "line %ld of %s is nested more than %d deep",
                             xmlGetLineNo((xmlNode *)(uintptr_t)node), ttml->source->name,
                             TTML_DEPTH_MAX);
    if (span.begin >= span.end || text_is(ttml_own_style(ttml, node, "display"), "none"))
        return SPN_OK;
    if (node_is(node, "p"))
        return paragraph(ttml, node, span);
    if (node_attribute(node, "backgroundImage"))
        goto image;
    for (const xmlNode *child = node->children; child; child = child->next) {
        struct span inner;

        if (node_is(child, "image"))
            goto image;
        if (!node_is(child, "div") && !node_is(child, "p"))
            continue;
        if ((ret = span_read(ttml, child, span, is_sequence(node), after, &inner)) < 0)
            return ret;
        after = inner.end;
        if ((ret = element(ttml, child, inner, depth - 1)) < 0)
            return ret;
    }
    return SPN_OK;

image:
    return spn_error_set(ttml->err, SPN_EUNSUPPORTED,
                         "the subtitles of %s are pictures, not text; deliver them as text",
                         ttml->source->name);
}

/* ---- the document ---- */

/* Remember every xml:id, and count elements. */
static int ids_read(struct ttml *ttml, xmlNode *node, int depth)
{
    int ret;

    for (; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (++ttml->elements > TEXT_ELEMENTS_MAX || depth == 0)
            return spn_error_set(ttml->err, SPN_ELIMIT,
                                 "%s has more than %d elements, or more than %d within each other",
                                 ttml->source->name, TEXT_ELEMENTS_MAX, TTML_DEPTH_MAX);
        ttml->sets += (size_t)node_is(node, "set");
        if ((node_is(node, "style") || node_is(node, "region")) && node_attribute(node, "id")) {
            if (ttml->id_count == TTML_IDS_MAX)
                return spn_error_set(ttml->err, SPN_ELIMIT,
                                     "%s has more than %d styles and regions", ttml->source->name,
                                     TTML_IDS_MAX);
            ttml->ids[ttml->id_count].id = node_attribute(node, "id");
            ttml->ids[ttml->id_count++].node = node;
        }
        if ((ret = ids_read(ttml, node->children, depth - 1)) < 0)
            return ret;
    }
    return SPN_OK;
}

static int parameters_read(struct ttml *ttml)
{
    const char *rate = node_attribute(ttml->root, "frameRate");
    const char *factor = node_attribute(ttml->root, "frameRateMultiplier");
    const char *ticks = node_attribute(ttml->root, "tickRate");
    const char *base = node_attribute(ttml->root, "timeBase");
    int64_t num = 1, den = 1;
    char *end;

    ttml->frame_num = number_of(rate, 30);
    if (factor) { /* "1000 1001", of old "1000:1001" */
        num = number_of(factor, 1);
        (void)strtol(factor, &end, 10);
        if (*end)
            den = number_of(end + 1, 1);
    }
    ttml->frame_num *= num < 100000 ? num : 1;
    ttml->frame_den = den < 100000 ? den : 1;
    ttml->sub_frames = number_of(node_attribute(ttml->root, "subFrameRate"), 1);
    ttml->sub_frames = ttml->sub_frames > 1000 ? 1 : ttml->sub_frames;
    ttml->tick_rate = number_of(ticks, rate ? ttml->frame_num / ttml->frame_den : 1);
    ttml->nominal = number_of(rate, 30);
    ttml->smpte = text_is(base, "smpte");
    ttml->drop = text_is(node_attribute(ttml->root, "dropMode"), "dropNTSC");
    if (base && !ttml->smpte && strcmp(base, "media") != 0)
        return spn_error_set(ttml->err, SPN_EUNSUPPORTED,
                             "the times of %s are %.20s, not those of the film (timeBase media)",
                             ttml->source->name, base);
    if (ttml->tick_rate == 0)
        ttml->tick_rate = 1;
    return SPN_OK;
}

static int document(struct ttml *ttml)
{
    struct span all = { 0, FOREVER }, span;
    int ret;

    if ((ret = parameters_read(ttml)) < 0 || (ret = ids_read(ttml, ttml->root, TTML_DEPTH_MAX)) < 0)
        return ret;
    ttml_ids_sort(ttml);
    if (ttml->sets)
        text_note(ttml->source->notes, "left out: %zu animations", ttml->sets);
    for (xmlNode *node = ttml->root->children; node; node = node->next)
        if (node_is(node, "body")) {
            if ((ret = span_read(ttml, node, all, 0, 0, &span)) < 0 ||
                (ret = element(ttml, node, span, TTML_DEPTH_MAX)) < 0)
                return ret;
        }
    return SPN_OK;
}

/* Of TTML 1 and 2, or of one of the drafts that programs wrote for years. */
static int is_ttml(const xmlNs *ns)
{
    return ns && ns->href &&
           (strcmp(xml_text(ns->href), "http://www.w3.org/ns/ttml") == 0 ||
            strncmp(xml_text(ns->href), "http://www.w3.org/2006/", 23) == 0);
}

/* The first thing that makes it no XML; what is merely invalid is passed over. */
struct fault {
    int line;
    char text[160];
};

static void fault_keep(void *opaque, xmlError *error)
{
    xmlParserCtxt *parser = opaque;
    struct fault *fault = parser->_private;

    if (error->level == XML_ERR_FATAL && fault->line == 0 && error->message) {
        fault->line = error->line ? error->line : 1;
        (void)snprintf(fault->text, sizeof(fault->text), "%.*s",
                       (int)strcspn(error->message, "\r\n"), error->message);
    }
}

int ttml_read(const struct text_source *source, struct cues *out, struct spn_error *err)
{
    struct ttml ttml = { .source = source, .out = out, .err = err };
    xmlParserCtxt *parser = xmlNewParserCtxt();
    xmlDoc *doc = NULL;
    struct fault fault = { 0, "" };
    int ret = SPN_OK;

    ttml.ids = malloc(TTML_IDS_MAX * sizeof(*ttml.ids));
    if (!parser || !ttml.ids) {
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory for %s", source->name);
        goto done;
    }
    parser->_private = &fault;
    parser->sax->serror = fault_keep;
    doc = xmlCtxtReadMemory(parser, source->text, (int)source->size, NULL, "UTF-8",
                            XML_PARSE_NONET | XML_PARSE_BIG_LINES | XML_PARSE_NOCDATA);
    if (!doc || !parser->wellFormed) {
        ret = spn_error_set(err, SPN_EFORMAT, "line %d of %s is not XML: %s", fault.line,
                            source->name, fault.text);
        goto done;
    }
    ttml.root = xmlDocGetRootElement(doc);
    if (!ttml.root || !node_is(ttml.root, "tt") || !is_ttml(ttml.root->ns)) {
        ret = spn_error_set(
            err, SPN_EUNSUPPORTED,
            "%s is XML, but not TTML: its outermost element is not tt of its namespace",
            source->name);
        goto done;
    }
    ret = document(&ttml);

done:
    xmlFreeDoc(doc);
    if (parser)
        xmlFreeParserCtxt(parser);
    free(ttml.ids);
    return ret;
}
