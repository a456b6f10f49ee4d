/* sent.c - one rendition of a cut, as viewers are sent it. */
#include "sent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A stretch between each two clips, and one of 20 GOPs each 40 s of a day that is encoded whole. */
#define BRIDGES_MAX (SPN_CLIPS_MAX + 86400 / 40 + 1)

/* ---- the composition ---- */

static int assets_read(const json_t *list, struct spn_rate rate, struct spn_clip_asset *out,
                       struct spn_error *err)
{
    const json_t *one;
    size_t i;
    int ret;

    json_array_foreach(list, i, one)
    {
        out[i].rate = rate;
        out[i].name.bytes[0] = 1;
        if (json_is_true(json_object_get(one, "encode")))
            out[i].encode = SPN_ENCODE_PICTURE | SPN_ENCODE_SOUND;
        if ((ret = job_number(one, "frames", 1, SPN_FRAMES_MAX, &out[i].frames, err)) < 0)
            return ret;
    }
    return SPN_OK;
}

static int clips_read(const json_t *list, struct spn_clip *out, struct spn_error *err)
{
    const json_t *one;
    int64_t asset;
    size_t i;
    int ret;

    json_array_foreach(list, i, one)
    {
        if ((ret = job_number(one, "asset", 0, SPN_CLIPS_MAX, &asset, err)) < 0 ||
            (ret = job_number(one, "in", 0, SPN_FRAMES_MAX, &out[i].in, err)) < 0 ||
            (ret = job_number(one, "out", 0, SPN_FRAMES_MAX, &out[i].out, err)) < 0)
            return ret;
        out[i].asset = (uint32_t)asset;
    }
    return SPN_OK;
}

static int cut_read(const json_t *cut, struct spn_rate *rate, int *drop, struct spn_error *err)
{
    const json_t *pair = json_object_get(cut, "rate");
    int64_t dropped;
    int ret;

    *rate = spn_rate_reduce((uint64_t)json_integer_value(json_array_get(pair, 0)),
                            (uint64_t)json_integer_value(json_array_get(pair, 1)));
    if ((ret = job_number(cut, "drop", 0, 1, &dropped, err)) < 0)
        return ret;
    *drop = (int)dropped;
    return rate->num ? SPN_OK : spn_error_set(err, SPN_EFORMAT, "the job has no rate");
}

int sent_composition(const json_t *spec, const char *key, struct spn_composition **out, int *drop,
                     struct spn_error *err)
{
    const json_t *assets = json_object_get(spec, "assets"), *clips = json_object_get(spec, "clips");
    size_t asset_count = json_array_size(assets), clip_count = json_array_size(clips);
    struct spn_clip_asset *asset_list;
    struct spn_clip *clip_list;
    struct spn_rate rate;
    json_t *cut;
    int ret;

    *out = NULL;
    if ((ret = job_object(spec, key, &cut, err)) < 0 || (ret = cut_read(cut, &rate, drop, err)) < 0)
        return ret;
    if (asset_count > SPN_CLIPS_MAX || clip_count > SPN_CLIPS_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the job has more than %d clips", SPN_CLIPS_MAX);
    asset_list = calloc(asset_count + 1, sizeof(*asset_list));
    clip_list = calloc(clip_count + 1, sizeof(*clip_list));
    if (!asset_list || !clip_list)
        ret = spn_error_set(err, SPN_ENOMEM, "out of memory");
    else if ((ret = assets_read(assets, rate, asset_list, err)) >= 0 &&
             (ret = clips_read(clips, clip_list, err)) >= 0)
        ret = spn_composition_make(rate, asset_list, asset_count, clip_list, clip_count, NULL, NULL,
                                   out, err);
    free(asset_list);
    free(clip_list);
    return ret;
}

/* ---- its files ---- */

static void fault_add(void *opaque, const char *check, int64_t frame, const char *text)
{
    struct sent *sent = opaque;
    struct spn_error sentence;

    spn_composed_sentence(sent->composition, sent->id, frame, sent->drop, text, &sentence);
    (void)json_array_append_new(
        sent->faults, json_pack("{sssssIsIss}", "check", check, "rendition", sent->id, "join",
                                (json_int_t)spn_composed_join(sent->composition, frame), "frame",
                                (json_int_t)frame, "text", sentence.text));
}

/* The first frame of the timeline that file is for. */
static int64_t file_frame(const struct sent *sent, size_t file)
{
    const struct spn_composition *composition = sent->composition;
    struct spn_span *spans = NULL;
    size_t count = 0, stretch = composition->asset_count;
    int64_t frame = 0;

    if (file < composition->asset_count) {
        for (size_t i = 0; i < composition->count; i++)
            if (composition->clips[i].asset == file)
                return composition->start[i];
        return 0;
    }
    (void)spn_picture_spans(composition, &spans, &count, NULL);
    for (size_t i = 0; i < count; i++)
        if (spans[i].kind == SPN_BRIDGE && stretch++ == file)
            frame = spans[i].start;
    free(spans);
    return frame;
}

/* Are its bytes those that were made? */
static int file_hashed(struct worker *worker, struct job *job, struct sent *sent, size_t file,
                       const json_t *told, struct spn_error *err)
{
    const char *wanted = json_string_value(json_object_get(told, "sha256"));
    char hex[SPN_HASH_HEX + 1];
    struct spn_hash hash;
    int ret;

    if (!wanted)
        return SPN_OK;
    if ((ret = job_wanted(worker, job, err)) < 0 ||
        (ret = spn_file_hash(sent->list[file].fd, &hash, NULL, err)) < 0)
        return ret;
    spn_hash_hex(&hash, hex);
    if (strcmp(hex, wanted) != 0)
        fault_add(
            sent, "file.changed", file_frame(sent, file),
            file < sent->composition->asset_count
                ? "the bytes of its asset's track are not those that were made: the disk has "
                  "changed them; ingest the file again"
                : "the bytes of its bridge are not those that were made: the disk has changed "
                  "them; build the cut again");
    return SPN_OK;
}

int sent_file_open(const struct worker *worker, const char *folder, const char *name,
                   char path[SPN_PATH_MAX], int *fd, struct spn_error *err)
{
    int ret;

    *fd = -1;
    if ((ret = spn_file_place(path, SPN_PATH_MAX, worker->settings.data, folder, name, "", err)) <
        0)
        return ret;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return *fd >= 0 ? SPN_OK : spn_error_errno(err, errno, "cannot open %s", path);
}

/* One that is not there, or not a track, is left for the composition to miss. */
static int file_open(struct worker *worker, struct job *job, struct sent *sent, size_t file,
                     const json_t *told, int hashed, struct spn_error *err)
{
    const char *folder = file < sent->composition->asset_count ? "track" : "bridge";
    struct sent_file *out = &sent->list[file];
    char path[SPN_PATH_MAX];
    struct spn_error why;
    struct stat st;
    int ret;

    if ((ret = job_hash(told, "name", &out->name, err)) < 0)
        return ret;
    if ((ret = sent_file_open(worker, folder, out->name, path, &out->fd, err)) < 0)
        return ret == SPN_ENOENT ? SPN_OK : ret;
    if (fstat(out->fd, &st) == 0 && file < sent->composition->asset_count)
        sent->bytes += (int64_t)st.st_size;
    ret = spn_track_open(path, &out->track, &why);
    if (ret == SPN_EFORMAT || ret == SPN_EMISMATCH || ret == SPN_ELIMIT)
        fault_add(sent, "file.format", file_frame(sent, file), why.text);
    else if (ret < 0)
        return spn_error_set(err, ret, "%s", why.text);
    return hashed ? file_hashed(worker, job, sent, file, told, err) : SPN_OK;
}

static int files_alloc(struct sent *out, size_t tracks, size_t bridges, struct spn_error *err)
{
    out->count = tracks + bridges;
    out->list = calloc(out->count + 1, sizeof(*out->list));
    out->tracks = calloc(tracks + 1, sizeof(struct spn_track *));
    out->bridges = calloc(bridges + 1, sizeof(struct spn_track *));
    out->faults = json_array();
    if (!out->list || !out->tracks || !out->bridges || !out->faults)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    for (size_t i = 0; i < out->count; i++)
        out->list[i].fd = -1;
    out->files = (struct spn_composed_files){ out->tracks, out->bridges, bridges };
    return SPN_OK;
}

int sent_open(struct worker *worker, struct job *job, const json_t *rendition,
              const struct spn_composition *composition, int drop, int hashed, struct sent *out,
              struct spn_error *err)
{
    const json_t *tracks = json_object_get(rendition, "tracks"), *told;
    const json_t *bridges = json_object_get(rendition, "bridges");
    size_t track_count = json_array_size(tracks), bridge_count = json_array_size(bridges);
    int ret;

    out->composition = composition;
    out->drop = drop;
    if ((ret = rendition_id(rendition, &out->id, err)) < 0)
        return ret;
    if (track_count != composition->asset_count)
        return spn_error_set(err, SPN_EFORMAT, "the job has %zu tracks for %zu assets", track_count,
                             composition->asset_count);
    if (bridge_count > BRIDGES_MAX)
        return spn_error_set(err, SPN_ELIMIT, "the job has %zu bridges, more than %d", bridge_count,
                             BRIDGES_MAX);
    if ((ret = files_alloc(out, track_count, bridge_count, err)) < 0)
        return ret;
    for (size_t i = 0; i < out->count; i++) {
        told =
            i < track_count ? json_array_get(tracks, i) : json_array_get(bridges, i - track_count);
        if ((ret = file_open(worker, job, out, i, told, hashed, err)) < 0)
            return ret;
        if (i < track_count)
            out->tracks[i] = out->list[i].track;
        else
            out->bridges[i - track_count] = out->list[i].track;
    }
    ret = spn_composed_make(composition, &out->files, fault_add, out, &out->composed, err);
    if ((ret >= 0 || ret == SPN_EMISMATCH) && json_array_size(out->faults) > 0)
        ret = spn_error_set(
            err, SPN_EMISMATCH, "%s",
            json_string_value(json_object_get(json_array_get(out->faults, 0), "text")));
    return ret;
}

void sent_close(struct sent *sent)
{
    for (size_t i = 0; sent->list && i < sent->count; i++) {
        spn_track_close(sent->list[i].track);
        if (sent->list[i].fd >= 0)
            (void)close(sent->list[i].fd);
    }
    free(sent->list);
    free(sent->tracks);
    free(sent->bridges);
    spn_composed_free(&sent->composed);
    json_decref(sent->faults);
    memset(sent, 0, sizeof(*sent));
}

/* ---- its bytes ---- */

struct writing {
    struct worker *worker;
    struct job *job;
    const struct sent *sent;
    struct spn_file *file;
};

static int part_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                      uint64_t size, struct spn_error *err)
{
    struct writing *writing = opaque;
    int ret = SPN_OK;

    if (bytes)
        return spn_file_write(writing->file, bytes, (size_t)size, err);
    if ((ret = job_wanted(writing->worker, writing->job, err)) < 0)
        return ret;
    return spn_file_copy(writing->file, writing->sent->list[piece].fd, offset, size, err);
}

int sent_write(struct worker *worker, struct job *job, const struct sent *sent,
               struct spn_file *file, struct spn_error *err)
{
    struct writing writing = { worker, job, sent, file };

    return spn_composed_write(&sent->files, &sent->composed, part_write, &writing, err);
}
