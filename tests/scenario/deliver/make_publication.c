/*
 * make_publication - publications for the tests and the bench of delivery.
 *
 *   make_publication film DATA [--id N] [--seconds S] [--bytes B] [--segment-gops N]
 *                         [--cut] [--closed] [--loop S] [--seed N]
 *       One title of random payload in real boxes: two video renditions, two of audio, text and a
 *       storyboard. B: bytes of a fragment of the larger picture. --cut: 20 GOPs of one asset from
 * its eleventh on, a bridge of 17 frames, the rest from another asset; otherwise the files are
 * whole and their bytes right as they lie. --loop: the files last S seconds and are repeated, so
 * that a title of ten hours needs no disk. Prints what the publication was made from, as JSON.
 *   make_publication many DATA COUNT
 *       COUNT titles of one fragment, which share one track file. Prints their ids.
 *   make_publication answer DATA PATH
 *       The bytes that answer PATH, read from the files the plain way.
 *
 * Everything random is a function of the id, or of --seed: the same arguments make the same bytes.
 */
#include "sampan/answer.h"
#include "sampan/bytes.h"
#include "sampan/file.h"
#include "sampan/publication.h"
#include "sampan/track.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATE              ((struct spn_rate){ 25, 1 })
#define GOP               50
#define AUDIO_FRAME_BYTES 341 /* 128 kb/s */
#define VIDEOS            2
#define AUDIOS            2
#define TEXTS             1

/* What x264 says of 640x360 at 25: one SPS, one PPS. */
static const uint8_t parameter_sets[] = {
    0,    0,    0,    1,    0x67, 0x64, 0x00, 0x1e, 0xac, 0xd9, 0x40, 0xa0, 0x2f, 0xf9,
    0x70, 0x11, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x03, 0x00, 0x32, 0x0f, 0x16,
    0x2d, 0x96, 0,    0,    0,    1,    0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0,
};
static const uint8_t audio_config[] = { 0x11, 0x90 }; /* AAC-LC, 48 kHz, stereo */

static struct spn_error err;

static void check(int ret)
{
    if (ret < 0) {
        fprintf(stderr, "make_publication: %s\n", err.text);
        exit(1);
    }
}

static void *need(void *memory)
{
    if (!memory) {
        fputs("make_publication: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static uint64_t random_state;

static uint64_t random_next(void) /* xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 2685821657736338717u;
}

static void random_fill(uint8_t *bytes, size_t size)
{
    for (; size >= 8; size -= 8, bytes += 8) {
        uint64_t value = random_next();

        memcpy(bytes, &value, 8);
    }
    for (; size; size--)
        *bytes++ = (uint8_t)random_next();
}

static void id_of(uint64_t number, char out[SPN_ID_MAX])
{
    uint8_t random80[10];

    /* spread over the folders, which take the last two letters */
    random_state = 88172645463325252u + number * 0x9e3779b97f4a7c15u;
    random_next();
    random_fill(random80, sizeof(random80));
    spn_id_format("publication", 1700000000000 + (int64_t)number, random80, out);
}

/* A file in its place without a sync: these are thousands, and nobody misses them. */
static void put(const char *path, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0 && errno == ENOENT) { /* "ROOT/FOLDER/ab" */
        char *folder = need(strdup(path)), *ab = strrchr(folder, '/');

        *ab = '\0';
        *strrchr(folder, '/') = '\0';
        mkdir(folder, 0755);
        folder[strlen(folder)] = '/';
        mkdir(folder, 0755);
        free(folder);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    while (fd >= 0 && size) {
        ssize_t done = write(fd, at, size);

        if (done < 0)
            break;
        at += done;
        size -= (size_t)done;
    }
    if (fd < 0 || size || close(fd) < 0) {
        fprintf(stderr, "make_publication: cannot write %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

/* ---- one asset: a file per rendition ---- */

struct rendition {
    char id[8];
    struct spn_track_info info;
    struct spn_buffer header;
    size_t fragment_bytes;               /* of a whole fragment; audio: of one packet */
    struct spn_plan_fragment *fragments; /* of the plan */
    size_t fragment_count;
};

struct plan {
    struct spn_plan_file *files;
    char (*paths)[SPN_PATH_MAX];
    size_t file_count;
};

static uint32_t plan_file(struct plan *plan, const char *root, enum spn_folder folder,
                          const char *name, const void *bytes, size_t size)
{
    struct spn_plan_file *file;

    plan->files = need(realloc(plan->files, (plan->file_count + 1) * sizeof(*plan->files)));
    plan->paths = need(realloc(plan->paths, (plan->file_count + 1) * sizeof(*plan->paths)));
    file = &plan->files[plan->file_count];
    memset(file, 0, sizeof(*file));
    file->folder = folder;
    file->size = size;
    spn_hash_of(name, strlen(name), &file->name);
    check(spn_plan_file_path(file, root, plan->paths[plan->file_count], SPN_PATH_MAX, &err));
    put(plan->paths[plan->file_count], bytes, size);
    return (uint32_t)plan->file_count++;
}

static void video_init(struct rendition *video, size_t n, size_t bytes)
{
    static struct spn_buffer config;

    memset(video, 0, sizeof(*video));
    snprintf(video->id, sizeof(video->id), "v%zu", n);
    if (!config.size)
        check(spn_config_make(SPN_H264, parameter_sets, sizeof(parameter_sets), &config,
                              video->info.codecs, &err));
    snprintf(video->info.codecs, sizeof(video->info.codecs), "avc1.64001e");
    snprintf(video->info.language, sizeof(video->info.language), "und");
    video->info.media = SPN_VIDEO;
    video->info.codec = SPN_H264;
    video->info.timescale = spn_rate_timescale(RATE);
    video->info.sample_ticks = RATE.den;
    video->info.width = n ? 320 : 640;
    video->info.height = n ? 180 : 360;
    video->info.rate = RATE;
    video->info.gop = GOP;
    video->info.config = config.data;
    video->info.config_size = config.size;
    video->fragment_bytes = n ? bytes / 8 : bytes;
    check(spn_header_write(&video->info, &video->header, &err));
}

static void audio_init(struct rendition *audio, size_t n)
{
    memset(audio, 0, sizeof(*audio));
    snprintf(audio->id, sizeof(audio->id), "a%zu", n);
    snprintf(audio->info.codecs, sizeof(audio->info.codecs), "mp4a.40.2");
    snprintf(audio->info.language, sizeof(audio->info.language), n ? "en" : "zh");
    audio->info.media = SPN_AUDIO;
    audio->info.codec = SPN_AAC;
    audio->info.timescale = audio->info.sample_rate = 48000;
    audio->info.sample_ticks = SPN_AAC_FRAME;
    audio->info.channels = 2;
    audio->info.config = audio_config;
    audio->info.config_size = sizeof(audio_config);
    audio->fragment_bytes = AUDIO_FRAME_BYTES;
    check(spn_header_write(&audio->info, &audio->header, &err));
}

/* Append a fragment of samples samples and about bytes bytes, and say what a plan has to know of
 * it. */
static void fragment_append(const struct spn_track_info *info, uint32_t sequence, uint64_t decode,
                            size_t samples, size_t bytes, struct spn_buffer *out,
                            struct spn_plan_fragment *fragment)
{
    static struct spn_sample list[SPN_SAMPLES_MAX];
    static struct spn_buffer payload;
    size_t at = 0, before = out->size;

    payload.size = 0;
    random_fill(need(spn_buffer_reserve(&payload, bytes * 2 + samples * 16)),
                bytes * 2 + samples * 16);
    for (size_t i = 0; i < samples; i++) {
        struct spn_sample *sample = &list[i];
        size_t even = bytes / samples;

        memset(sample, 0, sizeof(*sample));
        sample->sync = info->media == SPN_AUDIO || i == 0;
        sample->size = (uint32_t)(even / 2 + random_next() % (even + 1) + 8);
        if (info->media == SPN_VIDEO) { /* one NAL unit with its length, as avc1 has it */
            spn_put_be32(payload.data + at, sample->size - 4);
            payload.data[at + 4] = i == 0 ? 0x65 : 0x41;
        }
        sample->data = payload.data + at;
        at += sample->size;
    }
    check(spn_fragment_write(info, sequence, decode, list, samples, out, &err));
    need(spn_buffer_failed(out) ? NULL : out->data);
    *fragment = (struct spn_plan_fragment){ .duration = (uint32_t)samples * info->sample_ticks,
                                            .offset = before,
                                            .size = (uint32_t)(out->size - before),
                                            .moof_size = spn_be32(out->data + before),
                                            .first_sample_size = list[0].size,
                                            .exact = 1 };
}

/* Where fragment k of an asset begins, in samples of the rendition. */
static int64_t border(const struct rendition *r, int64_t k, int64_t frames)
{
    int64_t frame = k * GOP < frames ? k * GOP : frames;

    return r->info.media == SPN_VIDEO ? frame
                                      : spn_audio_frame_at(frame, RATE, r->info.sample_rate);
}

/* A track file of frames video frames; its fragments go to *out as a plan has them. */
static size_t asset_make(struct plan *plan, const char *root, const char *name,
                         enum spn_folder folder, const struct rendition *r, int64_t frames,
                         struct spn_plan_fragment **out)
{
    struct spn_buffer bytes = { 0 };
    size_t count = (size_t)((frames + GOP - 1) / GOP);
    uint32_t file;

    *out = need(calloc(count, sizeof(**out)));
    spn_buffer_append(&bytes, r->header.data, r->header.size);
    for (size_t k = 0; k < count; k++) {
        int64_t from = border(r, (int64_t)k, frames), to = border(r, (int64_t)k + 1, frames);
        size_t samples = (size_t)(to - from);
        size_t size = r->info.media == SPN_AUDIO ? samples * r->fragment_bytes
                                                 : samples * r->fragment_bytes / GOP;

        fragment_append(&r->info, (uint32_t)k + 1, (uint64_t)from * r->info.sample_ticks, samples,
                        size, &bytes, &(*out)[k]);
    }
    file = plan_file(plan, root, folder, name, bytes.data, bytes.size);
    for (size_t k = 0; k < count; k++)
        (*out)[k].file = file;
    spn_buffer_finish(&bytes);
    return count;
}

static void fragment_add(struct rendition *r, const struct spn_plan_fragment *fragment, int exact)
{
    if ((r->fragment_count & (r->fragment_count + 1)) == 0) /* 0, 1, 3, 7, … */
        r->fragments =
            need(realloc(r->fragments, (2 * r->fragment_count + 2) * sizeof(*r->fragments)));
    r->fragments[r->fragment_count] = *fragment;
    r->fragments[r->fragment_count++].exact = (uint8_t)exact;
}

struct film {
    const char *root;
    char id[SPN_ID_MAX];
    int64_t frames, loop_frames;
    size_t bytes;
    uint32_t segment_gops, flags;
    int cut;
};

static void rendition_make(struct plan *plan, const struct film *film, struct rendition *r)
{
    struct spn_plan_fragment *a, *b, *bridge;
    char name[128];
    int64_t want = (film->frames + GOP - 1) / GOP;
    size_t count;

    snprintf(name, sizeof(name), "%.47s %.7s a", film->id, r->id);
    if (!film->cut) {
        count = asset_make(plan, film->root, name, SPN_FOLDER_TRACK, r, film->loop_frames, &a);
        for (int64_t k = 0; k < want; k++)
            fragment_add(r, &a[(size_t)k % count], film->loop_frames == film->frames);
        free(a);
        return;
    }
    count = asset_make(plan, film->root, name, SPN_FOLDER_TRACK, r, 40 * GOP, &a);
    for (size_t k = 10; k < 30 && k < count; k++)
        fragment_add(r, &a[k], 0);
    snprintf(name, sizeof(name), "%.47s %.7s bridge", film->id, r->id);
    asset_make(plan, film->root, name, SPN_FOLDER_BRIDGE, r, 17, &bridge);
    fragment_add(r, bridge, 0);
    snprintf(name, sizeof(name), "%.47s %.7s b", film->id, r->id);
    count = asset_make(plan, film->root, name, SPN_FOLDER_TRACK, r, film->frames, &b);
    for (size_t k = 3; k < count; k++)
        fragment_add(r, &b[k], 0);
    free(a);
    free(b);
    free(bridge);
}

static size_t storyboard_make(struct plan *plan, const struct film *film, uint64_t milliseconds,
                              struct spn_plan_storyboard *board)
{
    struct spn_buffer bytes = { 0 };
    struct spn_plan_sheet *sheets;
    char name[128];
    uint32_t per_sheet = 100, file;

    board->tile_width = 160;
    board->tile_height = 90;
    board->columns = board->rows = 10;
    board->tile_ms = 10000;
    board->tile_count = (uint32_t)((milliseconds + 9999) / 10000);
    board->sheet_count = (board->tile_count + per_sheet - 1) / per_sheet;
    sheets = need(calloc(board->sheet_count, sizeof(*sheets)));
    for (size_t i = 0; i < board->sheet_count; i++) {
        sheets[i].offset = bytes.size;
        sheets[i].size = (uint32_t)(40000 + random_next() % 5000);
        random_fill(need(spn_buffer_reserve(&bytes, sheets[i].size)), sheets[i].size);
        bytes.size += sheets[i].size;
    }
    snprintf(name, sizeof(name), "%s sheets", film->id);
    file = plan_file(plan, film->root, SPN_FOLDER_SHEETS, name, bytes.data, bytes.size);
    for (size_t i = 0; i < board->sheet_count; i++)
        sheets[i].file = file;
    board->sheets = sheets;
    spn_buffer_finish(&bytes);
    return board->sheet_count;
}

static void publication_put(const struct spn_publication_plan *plan, const char *root)
{
    static struct spn_buffer bytes;
    char path[SPN_PATH_MAX];

    bytes.size = 0;
    check(spn_publication_make(plan, &bytes, &err));
    check(spn_file_place(path, sizeof(path), root, "publication", plan->id, "", &err));
    put(path, bytes.data, bytes.size);
}

static void film_print(const struct film *film, const struct plan *plan,
                       const struct rendition *renditions, size_t count)
{
    char path[SPN_PATH_MAX];

    check(spn_file_place(path, sizeof(path), film->root, "publication", film->id, "", &err));
    printf("{\"id\":\"%s\",\"path\":\"%s\",\"segment_gops\":%u,\"gop\":%d,\"rate\":[%u,%u],"
           "\"files\":[",
           film->id, path, film->segment_gops ? film->segment_gops : 3, GOP, RATE.num, RATE.den);
    for (size_t i = 0; i < plan->file_count; i++)
        printf("%s\"%s\"", i ? "," : "", plan->paths[i]);
    fputs("],\"renditions\":[", stdout);
    for (size_t i = 0; i < count; i++) {
        const struct rendition *r = &renditions[i];

        printf("%s{\"id\":\"%s\",\"timescale\":%u,\"header\":\"", i ? "," : "", r->id,
               r->info.timescale);
        for (size_t k = 0; k < r->header.size; k++)
            printf("%02x", r->header.data[k]);
        fputs("\",\"fragments\":[", stdout);
        for (size_t k = 0; k < r->fragment_count; k++) {
            const struct spn_plan_fragment *f = &r->fragments[k];

            printf("%s[%u,%" PRIu64 ",%u,%u,%u,%u,%d]", k ? "," : "", f->file, f->offset, f->size,
                   f->moof_size, f->first_sample_size, f->duration, f->exact);
        }
        fputs("]}", stdout);
    }
    fputs("]}\n", stdout);
}

static void film_make(const struct film *film)
{
    static const char *const names[] = { "中文", "English" };
    struct plan plan = { 0 };
    struct rendition made[VIDEOS + AUDIOS];
    struct spn_plan_rendition list[VIDEOS + AUDIOS + TEXTS];
    struct spn_plan_storyboard board = { 0 };
    struct spn_publication_plan publication = { .id = film->id,
                                                .flags = film->flags,
                                                .rate = RATE,
                                                .gop = GOP,
                                                .segment_gops = film->segment_gops };
    struct spn_plan_cue chapters[] = { { .settings = "", .text = "入宫" },
                                       { .settings = "", .text = "The palace" } };
    struct spn_plan_cue *cues;
    uint64_t ms = 0;
    size_t cue_count;

    memset(list, 0, sizeof(list));
    for (size_t i = 0; i < VIDEOS + AUDIOS; i++) {
        struct rendition *r = &made[i];

        if (i < VIDEOS)
            video_init(r, i, film->bytes);
        else
            audio_init(r, i - VIDEOS);
        rendition_make(&plan, film, r);
        list[i].id = r->id;
        list[i].info = r->info;
        list[i].name = i < VIDEOS ? "" : names[i - VIDEOS];
        list[i].roles = i == VIDEOS + 1 ? SPN_ROLE_DUB : SPN_ROLE_MAIN;
        list[i].is_default = i == VIDEOS;
        list[i].header = r->header.data;
        list[i].header_size = r->header.size;
        list[i].fragments = r->fragments;
        list[i].fragment_count = r->fragment_count;
    }
    for (size_t k = 0; k < made[0].fragment_count; k++)
        ms += (uint64_t)made[0].fragments[k].duration * 1000 / made[0].info.timescale;

    cue_count = (size_t)(ms / 3000) < SPN_CUES_MAX ? (size_t)(ms / 3000) : SPN_CUES_MAX;
    cues = need(calloc(cue_count + 1, sizeof(*cues)));
    for (size_t k = 0; k < cue_count; k++)
        cues[k] = (struct spn_plan_cue){ .start_ms = (int64_t)k * 3000 + 500,
                                         .end_ms = (int64_t)k * 3000 + 2900,
                                         .settings = "",
                                         .text = k % 2 ? "真的是你吗？" : "Is it really you?" };
    list[VIDEOS + AUDIOS] = (struct spn_plan_rendition){ .id = "t0",
                                                         .info = { .media = SPN_TEXT,
                                                                   .codec = SPN_WEBVTT,
                                                                   .timescale = 1000,
                                                                   .language = "en",
                                                                   .codecs = "wvtt" },
                                                         .name = "English",
                                                         .roles = SPN_ROLE_SUBTITLE,
                                                         .cues = cues,
                                                         .cue_count = cue_count };
    chapters[0].end_ms = chapters[1].start_ms = (int64_t)ms / 2;
    chapters[1].end_ms = (int64_t)ms;
    publication.chapters = chapters;
    publication.chapter_count = 2;
    storyboard_make(&plan, film, ms, &board);
    publication.files = plan.files;
    publication.file_count = plan.file_count;
    publication.renditions = list;
    publication.rendition_count = VIDEOS + AUDIOS + TEXTS;
    publication.storyboard = &board;
    publication_put(&publication, film->root);
    film_print(film, &plan, made, VIDEOS + AUDIOS);

    for (size_t i = 0; i < VIDEOS + AUDIOS; i++) {
        spn_buffer_finish(&made[i].header);
        free(made[i].fragments);
    }
    free(cues);
    free((void *)board.sheets);
    free(plan.files);
    free(plan.paths);
}

static void many_make(const char *root, uint64_t count)
{
    struct plan plan = { 0 };
    struct rendition video;
    struct spn_plan_fragment *fragments;
    struct spn_plan_rendition list = { 0 };
    struct spn_publication_plan publication = { .flags = SPN_PUBLICATION_OPEN,
                                                .rate = RATE,
                                                .gop = GOP };

    random_state = 1;
    video_init(&video, 0, 4000);
    list.fragment_count =
        asset_make(&plan, root, "many", SPN_FOLDER_TRACK, &video, GOP, &fragments);
    list.fragments = fragments;
    list.id = video.id;
    list.info = video.info;
    list.name = "";
    list.roles = SPN_ROLE_MAIN;
    list.header = video.header.data;
    list.header_size = video.header.size;
    publication.files = plan.files;
    publication.file_count = plan.file_count;
    publication.renditions = &list;
    publication.rendition_count = 1;
    for (uint64_t i = 0; i < count; i++) {
        char id[SPN_ID_MAX];

        id_of(1000000 + i, id);
        publication.id = id;
        publication_put(&publication, root);
        puts(id);
    }
    spn_buffer_finish(&video.header);
    free(fragments);
    free(plan.files);
    free(plan.paths);
}

static void answer_print(const char *root, const char *path)
{
    struct spn_request request;
    struct spn_publication *publication = NULL;
    struct spn_answer answer = { 0 };
    char name[SPN_PATH_MAX];

    check(spn_request_parse(path, strlen(path), &request, &err));
    check(spn_file_place(name, sizeof(name), root, "publication", request.publication, "", &err));
    check(spn_publication_open(name, &publication, &err));
    check(spn_answer_make(publication, &request, &answer, &err));
    for (size_t i = 0; i < answer.part_count; i++) {
        const struct spn_part *part = &answer.parts[i];
        struct spn_plan_file file;
        uint8_t *bytes;
        int fd;

        if (part->bytes) {
            fwrite(part->bytes, 1, part->size, stdout);
            continue;
        }
        check(spn_publication_file(publication, part->file, &file));
        check(spn_plan_file_path(&file, root, name, sizeof(name), &err));
        bytes = need(malloc(part->size));
        fd = open(name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || pread(fd, bytes, part->size, (off_t)part->offset) != (ssize_t)part->size)
            check(spn_error_errno(&err, errno, "cannot read %s", name));
        fwrite(bytes, 1, part->size, stdout);
        close(fd);
        free(bytes);
    }
    spn_answer_finish(&answer);
    spn_publication_close(publication);
}

int main(int argc, char **argv)
{
    struct film film = { .bytes = 80000, .flags = SPN_PUBLICATION_OPEN };
    uint64_t number = 1, seed = 0;
    int64_t seconds = 60, loop = 0;

    if (argc == 4 && strcmp(argv[1], "many") == 0) {
        many_make(argv[2], strtoull(argv[3], NULL, 10));
    } else if (argc == 4 && strcmp(argv[1], "answer") == 0) {
        answer_print(argv[2], argv[3]);
    } else if (argc >= 3 && strcmp(argv[1], "film") == 0) {
        film.root = argv[2];
        for (int i = 3; i < argc; i++) {
            const char *value = i + 1 < argc ? argv[i + 1] : "0";

            if (strcmp(argv[i], "--cut") == 0)
                film.cut = 1;
            else if (strcmp(argv[i], "--closed") == 0)
                film.flags = 0;
            else if (strcmp(argv[i], "--id") == 0)
                number = strtoull(value, NULL, 10), i++;
            else if (strcmp(argv[i], "--seed") == 0)
                seed = strtoull(value, NULL, 10), i++;
            else if (strcmp(argv[i], "--seconds") == 0)
                seconds = strtoll(value, NULL, 10), i++;
            else if (strcmp(argv[i], "--loop") == 0)
                loop = strtoll(value, NULL, 10), i++;
            else if (strcmp(argv[i], "--bytes") == 0)
                film.bytes = strtoull(value, NULL, 10), i++;
            else if (strcmp(argv[i], "--segment-gops") == 0)
                film.segment_gops = (uint32_t)strtoul(value, NULL, 10), i++;
            else
                goto usage;
        }
        id_of(number, film.id);
        if (seed)
            random_state = seed;
        film.frames = seconds * RATE.num / RATE.den;
        film.loop_frames = loop ? loop * RATE.num / RATE.den : film.frames;
        film_make(&film);
    } else {
        goto usage;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;

usage:
    fputs("usage: make_publication film|many|answer DATA …: see the top of its source\n", stderr);
    return 2;
}
