/*
 * sampan/answer.h - which bytes answer a request.
 *
 * Below "/v/<publication>/":
 *   main.m3u8                 HLS multivariant playlist
 *   main.mpd                  DASH, SegmentTimeline
 *   <r>/media.m3u8            HLS media playlist of rendition r (v0, a0, t0 …)
 *   <r>/iframe.m3u8           HLS I-frame playlist, video only
 *   <r>/init.mp4              initialization segment
 *   <r>/<n>.m4s               segment n, from 1
 *   <r>/i<n>.m4s              I-frame segment of fragment n, from 1
 *   <r>/<n>.vtt               text segment n, from 1 (HLS)
 *   <r>/all.vtt               every cue (DASH)
 *   images.m3u8               HLS image playlist of the storyboard
 *   sheet/<n>.jpg             sheet n, from 1
 *   storyboard.vtt            #xywh cues over the sheets
 *   chapters.vtt              chapters, one cue each
 */
#ifndef SAMPAN_ANSWER_H
#define SAMPAN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/buffer.h"
#include "sampan/error.h"
#include "sampan/publication.h"

enum spn_resource {
    SPN_MULTIVARIANT = 1,
    SPN_MPD,
    SPN_MEDIA_PLAYLIST,
    SPN_IFRAME_PLAYLIST,
    SPN_INIT,
    SPN_SEGMENT,
    SPN_IFRAME_SEGMENT,
    SPN_TEXT_SEGMENT,
    SPN_TEXT_WHOLE,
    SPN_IMAGE_PLAYLIST,
    SPN_SHEET,
    SPN_STORYBOARD,
    SPN_CHAPTERS,
};

struct spn_request {
    char publication[SPN_ID_MAX];
    enum spn_resource resource;
    char rendition[8]; /* "" where there is none */
    uint32_t number;   /* from 1; 0 where there is none */
};

/*
 * Take a path apart. It begins with "/v/"; it has no query. Only the exact spellings above are
 * accepted: no leading zeros, no escapes, no empty parts. SPN_ENOENT for anything else.
 */
int spn_request_parse(const char *path, size_t length, struct spn_request *out,
                      struct spn_error *err);

/* At most five fragments, each a prefix and a range, or cue ranges of a text segment. */
#define SPN_PARTS_MAX 64

struct spn_part {
    const uint8_t *bytes; /* memory of the answer or of the publication, or NULL: a file range */
    uint32_t file;        /* index for spn_publication_file(), when bytes is NULL */
    uint64_t offset;      /* in that file */
    uint64_t size;        /* bytes, > 0 */
};

struct spn_answer {
    struct spn_part parts[SPN_PARTS_MAX];
    size_t part_count;
    uint64_t size;            /* bytes of all parts */
    const char *content_type; /* static string */
    char etag[80]; /* strong, with its quotes; from the publication's hash and the request */
    struct spn_buffer memory; /* what parts point into; owned */
};

/*
 * Answer request from publication, which must outlive *out. The parts are to be sent in order;
 * nothing is read from track files here. SPN_ENOENT: no such rendition or number. SPN_ENOMEM.
 * Zero-initialised *out; spn_answer_finish() always. The cost does not depend on the length of the
 * title except for manifests, which it is proportional to.
 */
int spn_answer_make(const struct spn_publication *publication, const struct spn_request *request,
                    struct spn_answer *out, struct spn_error *err);
void spn_answer_finish(struct spn_answer *answer);

#endif
