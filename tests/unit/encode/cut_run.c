/* cut_run.c - for tests: a composition, bridged and flattened. */
#include "cut_run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sampan/buffer.h"
#include "sampan/track.h"

#define FDS_MAX 32

static int file_open(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if (fd < 0) {
        perror(path);
        abort();
    }
    return fd;
}

static void must(int ret, const struct spn_error *err)
{
    if (ret < 0) {
        (void)fprintf(stderr, "%s\n", err->text);
        abort();
    }
}

void cut_run_init(struct cut_run *run, const char *program, const struct asset_run *const *assets,
                  size_t count, const struct spn_clip *clips, size_t clip_count)
{
    struct spn_clip_asset entries[CUT_ASSETS_MAX] = { 0 };
    struct spn_error err = { 0 };

    memset(run, 0, sizeof(*run));
    run->program = program;
    for (size_t i = 0; i < count; i++) {
        const json_t *plan = json_object_get(assets[i]->examined, "plan");
        const json_t *rate = json_object_get(plan, "rate");

        run->assets[i] = assets[i];
        entries[i].name.bytes[0] = (uint8_t)i;
        entries[i].rate.num = (uint32_t)json_integer_value(json_array_get(rate, 0));
        entries[i].rate.den = (uint32_t)json_integer_value(json_array_get(rate, 1));
        entries[i].frames = json_integer_value(json_object_get(plan, "frames"));
    }
    must(spn_composition_make(entries[0].rate, entries, count, clips, clip_count, NULL, NULL,
                              &run->composition, &err),
         &err);
    (void)snprintf(run->dir, sizeof(run->dir), "/tmp/sampan-cut-XXXXXX");
    if (!mkdtemp(run->dir))
        abort();
}

void cut_run_finish(struct cut_run *run)
{
    run_dir_remove(run->dir);
    spn_composition_free(run->composition);
    json_decref(run->answer);
    json_decref(run->tight);
}

void cut_run_encode(struct cut_run *run, size_t asset, unsigned what)
{
    /* the composition is ours, and nobody has looked at it yet */
    ((struct spn_clip_asset *)(uintptr_t)run->composition->assets)[asset].encode |= what;
}

static void track_path(const struct asset_run *asset, char kind, int n, char path[128])
{
    (void)snprintf(path, 128, "%s/%c%d.mp4", asset->dir, kind, n);
}

json_t *cut_asset_json(const struct asset_run *asset, int *fds, size_t *count)
{
    char path[128];
    struct stat st;
    int source, index;

    asset_run_path(asset, "index", -1, path);
    source = fds[(*count)++] = file_open(asset->source, O_RDONLY);
    index = fds[(*count)++] = file_open(path, O_RDONLY);
    if (fstat(source, &st) < 0)
        abort();
    return json_pack("{s:{s:i,s:s,s:s,s:I},s:i,s:O,s:O}", "source", "fd", source, "name",
                     strrchr(asset->source, '/') + 1, "hash", asset->hash, "size",
                     (json_int_t)st.st_size, "index_fd", index, "conform",
                     json_object_get(asset->examined, "conform"), "plan",
                     json_object_get(asset->examined, "plan"));
}

static json_t *rendition_json(const struct asset_run *asset, int *fds, size_t *count)
{
    char path[128];

    track_path(asset, 'v', 0, path);
    fds[*count] = file_open(path, O_RDONLY);
    return json_pack("{s:{s:i,s:s}}", "track", "fd", fds[(*count)++], "name", "v0.mp4");
}

/* The frames of [start, start + frames) of the timeline, clip after clip. */
static json_t *parts_json(const struct spn_composition *composition, int64_t start, int64_t frames)
{
    json_t *parts = json_array();

    for (int64_t at = start; at < start + frames;) {
        struct spn_place place;
        struct spn_error err = { 0 };
        const struct spn_clip *clip;
        int64_t length;

        must(spn_composition_locate(composition, at, &place, &err), &err);
        clip = &composition->clips[place.clip];
        length = clip->out - place.frame;
        if (length > start + frames - at)
            length = start + frames - at;
        (void)json_array_append_new(parts, json_pack("{s:i,s:I,s:I}", "asset", (int)clip->asset,
                                                     "from", (json_int_t)place.frame, "to",
                                                     (json_int_t)(place.frame + length)));
        at += length;
    }
    return parts;
}

static void compat_of(const struct asset_run *asset, char kind, int n, char hex[SPN_HASH_HEX + 1])
{
    struct spn_error err = { 0 };
    struct spn_track *track;
    struct spn_hash hash;
    char path[128];

    track_path(asset, kind, n, path);
    must(spn_track_open(path, &track, &err), &err);
    must(spn_compat_id(spn_track_info(track), &hash, &err), &err);
    spn_hash_hex(&hash, hex);
    spn_track_close(track);
}

static int answer_take(struct cut_run *run, struct media_run *answer, struct spn_error *err)
{
    json_decref(run->answer);
    run->answer = json_incref(answer->answer);
    if (answer->exited == 0)
        return SPN_OK;
    return spn_error_set(err, SPN_EMISMATCH, "exit %d, signal %d, %s: %s", answer->exited,
                         answer->signaled,
                         json_string_value(json_object_get(answer->answer, "code")),
                         json_string_value(json_object_get(answer->answer, "text")));
}

static int bridge_make(struct cut_run *run, const struct spn_span *span, uint32_t sequence,
                       const char *path, struct spn_error *err)
{
    const struct spn_composition *composition = run->composition;
    json_t *video = json_array_get(asset_run_plan(run->assets[0], "video"), 0);
    json_t *assets = json_array(), *request;
    char compat[SPN_HASH_HEX + 1];
    struct media_run answer;
    int fds[FDS_MAX], out, ret;
    size_t count = 0;

    for (size_t i = 0; i < composition->asset_count; i++)
        (void)json_array_append_new(assets, run->from_renditions
                                                ? rendition_json(run->assets[i], fds, &count)
                                                : cut_asset_json(run->assets[i], fds, &count));
    for (size_t i = 0; i < composition->asset_count; i++)
        if (composition->assets[i].encode & SPN_ENCODE_PICTURE)
            (void)json_object_set_new(json_array_get(assets, i), "fit", json_true());
    compat_of(run->assets[0], 'v', 0, compat);
    out = fds[count++] = file_open(path, O_RDWR | O_CREAT | O_TRUNC);
    request = json_pack("{s:i,s:{s:[i,i],s:i,s:I,s:i},s:o,s:o,s:[{s:s,s:i,s:s,s:O}]}", "version", 1,
                        "bridge", "rate", (int)composition->rate.num, (int)composition->rate.den,
                        "gop", (int)composition->gop, "start", (json_int_t)span->start, "sequence",
                        (int)sequence, "assets", assets, "parts",
                        parts_json(composition, span->start, span->frames), "outputs", "id", "v0",
                        "fd", out, "compat_id", compat, "rung", video);
    if (run->change)
        run->change(request);
    media_run(run->program, "bridge", request, &answer);
    json_decref(request);
    while (count > 0)
        (void)close(fds[--count]);
    run->encoded += span->frames;
    ret = answer_take(run, &answer, err);
    media_run_finish(&answer);
    return ret;
}

/* The bridge that was made last is number n. */
static void tight_note(struct cut_run *run, int64_t n)
{
    const json_t *piece = json_array_get(json_object_get(run->answer, "pieces"), 0);

    if (json_is_true(json_object_get(piece, "tight")))
        (void)json_array_append_new(run->tight, json_integer((json_int_t)n));
}

/* Fragments [from, from + count) of the file at path, in a new place. */
static void fragments_append(FILE *out, const char *path, size_t from, size_t count,
                             uint32_t *sequence, uint64_t *ticks)
{
    const struct spn_fragment *fragments;
    struct spn_error err = { 0 };
    struct spn_track *track;
    FILE *in = fopen(path, "r");
    size_t all;

    must(spn_track_open(path, &track, &err), &err);
    fragments = spn_track_all(track, &all);
    if (!in || from + count > all)
        abort();
    for (size_t i = from; i < from + count; i++) {
        uint8_t *bytes = malloc(fragments[i].size);

        if (!bytes || fseeko(in, (off_t)fragments[i].offset, SEEK_SET) < 0 ||
            fread(bytes, 1, fragments[i].size, in) != fragments[i].size)
            abort();
        spn_prefix_write(spn_track_info(track), fragments[i].moof_size, (*sequence)++, *ticks,
                         bytes);
        *ticks += (uint64_t)fragments[i].duration;
        if (fwrite(bytes, 1, fragments[i].size, out) != fragments[i].size)
            abort();
        free(bytes);
    }
    spn_track_close(track);
    (void)fclose(in);
}

static void header_append(FILE *out, const char *path)
{
    struct spn_error err = { 0 };
    struct spn_track *track;
    const uint8_t *header;
    size_t size;

    must(spn_track_open(path, &track, &err), &err);
    header = spn_track_header(track, &size);
    if (fwrite(header, 1, size, out) != size)
        abort();
    spn_track_close(track);
}

static void piece_path(const struct cut_run *run, size_t span, char path[128])
{
    (void)snprintf(path, 128, "%s/bridge.%zu", run->dir, span);
}

void cut_run_picture_write(struct cut_run *run, const char *name, char path[128])
{
    struct spn_span *spans;
    struct spn_error err = { 0 };
    char from[128];
    uint32_t sequence = 1;
    uint64_t ticks = 0;
    size_t count;
    FILE *out;

    (void)snprintf(path, 128, "%s/%s", run->dir, name);
    if (!(out = fopen(path, "w")))
        abort();
    track_path(run->assets[0], 'v', 0, from);
    header_append(out, from);
    must(spn_picture_spans(run->composition, &spans, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        const struct spn_span *span = &spans[i];

        if (span->kind == SPN_REFERENCE) {
            track_path(run->assets[run->composition->clips[span->clip].asset], 'v', 0, from);
            fragments_append(out, from, (size_t)span->gop, (size_t)span->gops, &sequence, &ticks);
        } else if (run->left_out != i + 1) {
            piece_path(run, i, from);
            fragments_append(out, from, 0, span->fragments, &sequence, &ticks);
        }
    }
    free(spans);
    (void)fclose(out);
}

int cut_run_picture(struct cut_run *run, const char *name, char path[128], struct spn_error *err)
{
    struct spn_span *spans;
    char piece[128];
    uint32_t sequence = 1;
    int64_t stretch = 0;
    size_t count;
    int ret;

    json_decref(run->tight);
    run->tight = json_array();
    must(ret = spn_picture_spans(run->composition, &spans, &count, err), err);
    for (size_t i = 0; i < count && ret == SPN_OK; i++) {
        piece_path(run, i, piece);
        if (spans[i].kind == SPN_BRIDGE) {
            ret = bridge_make(run, &spans[i], sequence, piece, err);
            tight_note(run, stretch++);
        }
        sequence += spans[i].fragments;
    }
    free(spans);
    if (ret == SPN_OK)
        cut_run_picture_write(run, name, path);
    return ret;
}

static json_t *heard_json(const struct cut_run *run, size_t i, int n, int *fds, size_t *count)
{
    const struct asset_run *asset = run->assets[i];
    json_t *json = run->from_renditions ? json_object() : cut_asset_json(asset, fds, count);
    char path[128];

    track_path(asset, 'a', n, path);
    fds[*count] = file_open(path, O_RDONLY);
    (void)json_object_update_new(json, json_pack("{s:I,s:i,s:{s:i,s:s}}", "frames",
                                                 (json_int_t)run->composition->assets[i].frames,
                                                 "audio", n, "track", "fd", fds[*count], "name",
                                                 strrchr(path, '/') + 1));
    ++*count;
    if (run->composition->assets[i].encode & SPN_ENCODE_SOUND)
        (void)json_object_set_new(json, "encode", json_true());
    return json;
}

static json_t *clips_json(const struct spn_composition *composition)
{
    json_t *clips = json_array();

    for (size_t i = 0; i < composition->count; i++)
        (void)json_array_append_new(clips, json_pack("{s:i,s:I,s:I}", "asset",
                                                     (int)composition->clips[i].asset, "in",
                                                     (json_int_t)composition->clips[i].in, "out",
                                                     (json_int_t)composition->clips[i].out));
    return clips;
}

/* Every stretch of bridge of the sound, as the file at path. */
static int sound_bridges_make(struct cut_run *run, int n, const char *path, struct spn_error *err)
{
    const struct spn_composition *composition = run->composition;
    json_t *audio = json_array_get(asset_run_plan(run->assets[0], "audio"), (size_t)n);
    json_t *assets = json_array(), *request;
    char compat[SPN_HASH_HEX + 1];
    struct media_run answer;
    int fds[FDS_MAX], out, ret;
    size_t count = 0;

    for (size_t i = 0; i < composition->asset_count; i++)
        (void)json_array_append_new(assets, heard_json(run, i, n, fds, &count));
    out = fds[count++] = file_open(path, O_RDWR | O_CREAT | O_TRUNC);
    compat_of(run->assets[0], 'a', n, compat);
    request = json_pack("{s:i,s:{s:[i,i]},s:o,s:o,s:{s:i,s:s,s:O}}", "version", 1, "sound", "rate",
                        (int)composition->rate.num, (int)composition->rate.den, "clips",
                        clips_json(composition), "assets", assets, "output", "fd", out, "compat_id",
                        compat, "audio", audio);
    if (run->change)
        run->change(request);
    media_run(run->program, "sound_bridge", request, &answer);
    json_decref(request);
    while (count > 0)
        (void)close(fds[--count]);
    ret = answer_take(run, &answer, err);
    media_run_finish(&answer);
    return ret;
}

void cut_run_sound_write(struct cut_run *run, int n, const char *name, char path[128])
{
    struct spn_sound_clip *clips;
    struct spn_sound_span *spans;
    struct spn_error err = { 0 };
    char from[128], bridge[128];
    size_t bridged = 0;
    uint32_t sequence = 1;
    uint64_t ticks = 0;
    size_t count;
    FILE *out;

    (void)snprintf(path, 128, "%s/%s", run->dir, name);
    if (!(out = fopen(path, "w")))
        abort();
    track_path(run->assets[0], 'a', n, from);
    header_append(out, from);
    must(spn_sound_clips(run->composition, 48000, &clips, &err), &err);
    must(spn_sound_spans(run->composition, 48000, clips, &spans, &count, &err), &err);
    (void)snprintf(bridge, sizeof(bridge), "%s/sound", run->dir);
    for (size_t i = 0; i < count; i++) {
        if (spans[i].kind == SPN_REFERENCE) {
            size_t asset = run->composition->clips[spans[i].clip].asset + run->other_asset;

            track_path(run->assets[asset % run->composition->asset_count], 'a', n, from);
            fragments_append(out, from, (size_t)spans[i].fragment, (size_t)spans[i].fragments,
                             &sequence, &ticks);
            continue;
        }
        if (run->left_out != i + 1)
            fragments_append(out, bridge, bridged, (size_t)spans[i].fragments, &sequence, &ticks);
        bridged += (size_t)spans[i].fragments;
    }
    free(spans);
    free(clips);
    (void)fclose(out);
}

int cut_run_sound(struct cut_run *run, int n, const char *name, char path[128],
                  struct spn_error *err)
{
    char bridge[128];
    int ret;

    (void)snprintf(bridge, sizeof(bridge), "%s/sound", run->dir);
    if ((ret = sound_bridges_make(run, n, bridge, err)) == SPN_OK)
        cut_run_sound_write(run, n, name, path);
    return ret;
}

/* Of a picture: {"frames","track","picture"}; of sound what a sound_bridge is given too. */
static json_t *judged_json(const struct cut_run *run, size_t i, char kind, int *fds, size_t *count)
{
    const struct asset_run *asset = run->assets[i];
    json_t *picture;
    char path[128];
    int track;

    json_t *json;

    if (kind == 'a')
        return heard_json(run, i, 0, fds, count);
    track_path(asset, 'v', 0, path);
    track = fds[(*count)++] = file_open(path, O_RDONLY);
    picture = run->from_renditions ? rendition_json(asset, fds, count)
                                   : cut_asset_json(asset, fds, count);
    json =
        json_pack("{s:I,s:{s:i,s:s},s:o}", "frames", (json_int_t)run->composition->assets[i].frames,
                  "track", "fd", track, "name", "v0.mp4", "picture", picture);
    if (run->composition->assets[i].encode & SPN_ENCODE_PICTURE) {
        (void)json_object_set_new(json, "encode", json_true());
        (void)json_object_set_new(picture, "fit", json_true());
    }
    return json;
}

json_t *cut_run_verify(struct cut_run *run, char kind, const char *path)
{
    const struct spn_composition *composition = run->composition;
    char compat[SPN_HASH_HEX + 1], id[3] = { kind, '0', '\0' };
    json_t *assets = json_array(), *request, *result;
    struct media_run answer;
    int fds[FDS_MAX], film;
    size_t count = 0;

    for (size_t i = 0; i < composition->asset_count; i++)
        (void)json_array_append_new(assets, judged_json(run, i, kind, fds, &count));
    compat_of(run->assets[0], kind, 0, compat);
    film = fds[count++] = file_open(path, O_RDONLY);
    request = json_pack("{s:i,s:{s:[i,i]},s:{s:s,s:s,s:s},s:o,s:o,s:{s:i,s:s}}", "version", 1,
                        "verify", "rate", (int)composition->rate.num, (int)composition->rate.den,
                        "rendition", "id", id, "media", kind == 'a' ? "audio" : "video",
                        "compat_id", compat, "clips", clips_json(composition), "assets", assets,
                        "film", "fd", film, "name", strrchr(path, '/') + 1);
    if (kind == 'v' && run->tight)
        (void)json_object_set(json_object_get(request, "rendition"), "tight", run->tight);
    if (run->change)
        run->change(request);
    media_run(run->program, "verify", request, &answer);
    json_decref(request);
    while (count > 0)
        (void)close(fds[--count]);
    result = json_incref(answer.answer);
    if (answer.exited != 0) {
        (void)fprintf(stderr, "exit %d, signal %d: %s\n", answer.exited, answer.signaled,
                      json_string_value(json_object_get(answer.answer, "text")));
        json_decref(result);
        result = NULL;
    }
    media_run_finish(&answer);
    return result;
}

void cut_run_faultless(json_t *verified)
{
    const json_t *fault;
    size_t i;

    json_array_foreach(json_object_get(verified, "faults"), i, fault)
    {
        (void)fprintf(stderr, "%s\n", json_string_value(json_object_get(fault, "text")));
    }
    if (json_integer_value(json_object_get(verified, "fault_count")) != 0)
        abort();
    json_decref(verified);
}
