/* edl_write.c - a composition as a CMX3600 list. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cut_list.h"

#define REEL_MAX 9 /* eight letters, and a NUL */

struct reel {
    char name[REEL_MAX];
    uint32_t asset;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct reel *)a)->name, ((const struct reel *)b)->name);
}

static int by_asset(const void *a, const void *b)
{
    const struct reel *x = a, *y = b;

    return x->asset < y->asset ? -1 : x->asset > y->asset;
}

static void number_name(struct reel *reel)
{
    (void)snprintf(reel->name, sizeof(reel->name), "A%07u", (unsigned)(reel->asset % 10000000));
}

/*
 * A reel for each asset: at most eight letters, digits and underscores of its name, or a number
 * where those of two assets would be the same; the whole name goes into a comment. NULL: no memory.
 */
static struct reel *reels_make(const struct cut_names *names, size_t count)
{
    struct reel *reels = calloc(count + 1, sizeof(*reels));

    if (!reels)
        return NULL;
    for (uint32_t i = 0; i < count; i++) {
        size_t at = 0;

        for (const char *p = names->asset_names[i]; *p && at + 1 < REEL_MAX; p++)
            if (isalnum((unsigned char)*p) || *p == '_')
                reels[i].name[at++] = *p;
        reels[i].asset = i;
        /* those that look like a number of ours, or mean black and any tape, are given one */
        if (at == 0 || (reels[i].name[0] == 'A' && strspn(reels[i].name + 1, "0123456789") == 7) ||
            strcasecmp(reels[i].name, "BL") == 0 || strcasecmp(reels[i].name, "AX") == 0)
            number_name(&reels[i]);
    }
    qsort(reels, count, sizeof(*reels), by_name);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && strcmp(reels[i].name, reels[end].name) == 0;)
            end++;
        for (size_t n = i; end - i > 1 && n < end; n++)
            number_name(&reels[n]);
    }
    qsort(reels, count, sizeof(*reels), by_asset);
    return reels;
}

/* A line's words: one line, valid UTF-8, at most most bytes. */
static void words(struct spn_buffer *out, const char *text, size_t most)
{
    size_t n;
    int good;

    for (; (n = cut_letter(text, &good)) > 0 && n <= most; text += n, most -= n)
        spn_buffer_append(out, good ? text : " ", good ? n : 1);
}

static void time_put(struct spn_buffer *out, int64_t frame, struct spn_timecode_rate rate)
{
    char text[SPN_TIMECODE_MAX];

    spn_timecode_format(frame, rate, text);
    spn_buffer_string(out, " ");
    spn_buffer_string(out, text);
}

static void marker_put(struct spn_buffer *out, const struct cut_marker *marker,
                       struct spn_timecode_rate rate)
{
    spn_buffer_string(out, "* LOC:");
    time_put(out, marker->at.frame, rate);
    spn_buffer_format(out, " %-7s ", marker->color[0] ? marker->color : "WHITE");
    words(out, marker->name, CUT_TEXT_MAX);
    spn_buffer_string(out, marker->is_chapter ? "\r\n* SAMPAN CHAPTER\r\n" : "\r\n");
}

int edl_write(const struct spn_composition *composition, const struct cut_names *names,
              struct spn_buffer *out, struct spn_error *err)
{
    struct spn_timecode_rate rate, source;
    struct reel *reels;
    size_t marker = 0;
    int ret = spn_timecode_rate(composition->rate, names->drop, &rate, err);

    if (ret < 0)
        return ret;
    if (!(reels = reels_make(names, composition->asset_count)))
        return spn_error_set(err, SPN_ENOMEM, "no memory for the list");
    spn_buffer_string(out, "TITLE: ");
    words(out, names->title, 70);
    spn_buffer_format(out, "\r\nFCM: %s\r\n\r\n", names->drop ? "DROP FRAME" : "NON-DROP FRAME");
    for (size_t i = 0; i < composition->count; i++) {
        const struct spn_clip *clip = &composition->clips[i];
        int64_t start = names->asset_starts[clip->asset];
        char hash[SPN_HASH_HEX + 1];

        spn_buffer_format(out, "%03zu  %-8s V     C       ", i + 1, reels[clip->asset].name);
        source = rate; /* each source is counted as it counts itself */
        source.drop = names->asset_drops[clip->asset];
        time_put(out, start + clip->in, source);
        time_put(out, start + clip->out, source);
        time_put(out, composition->start[i], rate);
        time_put(out, composition->start[i + 1], rate);
        spn_hash_hex(&composition->assets[clip->asset].name, hash);
        spn_buffer_string(out, "\r\n* FROM CLIP NAME: ");
        words(out, names->asset_names[clip->asset], CUT_TEXT_MAX);
        spn_buffer_format(out, "\r\n* SAMPAN ASSET: %s\r\n", hash);
        for (; marker < names->marker_count &&
               names->markers[marker].at.frame < composition->start[i + 1];
             marker++)
            marker_put(out, &names->markers[marker], rate);
    }
    free(reels);
    return spn_buffer_failed(out) ? spn_error_set(err, SPN_ENOMEM, "no memory for the list")
                                  : SPN_OK;
}
