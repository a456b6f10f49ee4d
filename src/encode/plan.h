/*
 * plan.h - what is to be made of a source: made once by `examine`, read by every job after it.
 *
 * docs/formats/jobs.md has an example. A plan that was made by other versions of the encoders, or
 * whose names do not follow from its recipes, is refused: its bytes would not be the ones its names
 * promise.
 */
#ifndef ENCODE_PLAN_H
#define ENCODE_PLAN_H

#include <jansson.h>

#include "../source/conform.h"
#include "ladder.h"
#include "tile.h"

#define PLAN_AUDIO_MAX 128 /* SOURCE_STREAMS_MAX tracks, each in two channel layouts */
#define PLAN_TEXT_MAX  320 /* SOURCE_STREAMS_MAX tracks and 256 files */

#define AUDIO_SAMPLE_RATE 48000

struct plan_audio {
    int stream;
    int channels; /* 2 or 6 */
    int64_t bitrate;
    const char *language; /* BCP 47; borrowed from the JSON */
};

struct plan {
    struct spn_rate rate;
    uint32_t gop;
    int64_t frames, chunk_frames, chunks;
    struct ladder ladder;
    const char *video_ids[LADDER_RUNGS_MAX]; /* borrowed from the JSON */
    struct plan_audio audio[PLAN_AUDIO_MAX];
    size_t audio_count;
    struct storyboard storyboard;
};

struct plan_request {
    const struct source *source;
    const char *source_hash; /* hex */
    const struct conform *conform;
    const json_t *conform_json;
    const json_t *options;   /* of the request, or NULL: audio_languages, ladder */
    const json_t *subtitles; /* of the request, or NULL: files beside the source, open */
};

/* A new reference. Sentences for people are appended to changes. */
int plan_make(const struct plan_request *request, json_t *changes, json_t **out,
              struct spn_error *err);

/*
 * Read a plan and hold it against this program and what it was made for. SPN_EMISMATCH, SPN_EINVAL.
 * *out borrows from json.
 */
int plan_read(const json_t *json, const char *source_hash, const json_t *conform, struct plan *out,
              struct spn_error *err);
/* Only the storyboard, which needs no source. */
int plan_storyboard_read(const json_t *json, struct storyboard *out, struct spn_error *err);

#endif
