/* track.c - an open track file: its index, and what is looked up in it. */
#include "sampan/track.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"

static int track_create(const char *name, struct spn_track **out, struct spn_error *err)
{
    struct spn_track *track = calloc(1, sizeof(*track));

    *out = NULL;
    if (!track || !(track->name = strdup(name))) {
        free(track);
        return spn_error_set(err, SPN_ENOMEM, "no memory to open %s", name);
    }
    track->input.fd = -1;
    *out = track;
    return SPN_OK;
}

/* Read it, or close it again. */
static int track_read(struct spn_track **out, struct spn_judge *judge, int samples,
                      struct spn_error *err)
{
    int ret;

    judge->name = (*out)->name;
    judge->err = err;
    ret = spn_track_scan(*out, judge, samples, err);
    if (ret < 0) {
        spn_track_close(*out);
        *out = NULL;
    }
    return ret;
}

int spn_track_open_fd(int fd, const char *name, struct spn_judge *judge, int samples,
                      struct spn_track **out, struct spn_error *err)
{
    int ret = track_create(name, out, err);

    if (ret < 0)
        return ret;
    if ((ret = spn_input_of_fd(fd, (*out)->name, &(*out)->input, err)) < 0) {
        spn_track_close(*out);
        *out = NULL;
        return ret;
    }
    return track_read(out, judge, samples, err);
}

static int track_open_judged(const char *path, struct spn_judge *judge, int samples,
                             struct spn_track **out, struct spn_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

    *out = NULL;
    if (fd < 0)
        return spn_error_errno(err, errno, "cannot open %s", path);
    ret = spn_track_open_fd(fd, path, judge, samples, out, err);
    if (ret < 0)
        (void)close(fd);
    else
        (*out)->owns_fd = 1;
    return ret;
}

static int track_memory_judged(const void *bytes, size_t size, const char *name,
                               struct spn_judge *judge, int samples, struct spn_track **out,
                               struct spn_error *err)
{
    int ret = track_create(name, out, err);

    if (ret < 0)
        return ret;
    (*out)->input = spn_input_of_memory(bytes, size, (*out)->name);
    return track_read(out, judge, samples, err);
}

int spn_track_open(const char *path, struct spn_track **out, struct spn_error *err)
{
    struct spn_judge judge = { .judging = SPN_JUDGE_REFUSE };

    return track_open_judged(path, &judge, 0, out, err);
}

int spn_track_open_memory(const void *bytes, size_t size, const char *name, struct spn_track **out,
                          struct spn_error *err)
{
    struct spn_judge judge = { .judging = SPN_JUDGE_REFUSE };

    return track_memory_judged(bytes, size, name, &judge, 0, out, err);
}

int spn_track_check(const char *path, spn_track_report *report, void *opaque, struct spn_error *err)
{
    struct spn_judge judge = { .judging = SPN_JUDGE_REPORT, .report = report, .opaque = opaque };
    struct spn_track *track = NULL;
    int ret = track_open_judged(path, &judge, 1, &track, err);

    spn_track_close(track);
    return ret < 0 ? ret : judge.broken;
}

int spn_track_check_memory(const void *bytes, size_t size, const char *name,
                           spn_track_report *report, void *opaque, struct spn_error *err)
{
    struct spn_judge judge = { .judging = SPN_JUDGE_REPORT, .report = report, .opaque = opaque };
    struct spn_track *track = NULL;
    int ret = track_memory_judged(bytes, size, name, &judge, 1, &track, err);

    spn_track_close(track);
    return ret < 0 ? ret : judge.broken;
}

void spn_track_close(struct spn_track *track)
{
    if (!track)
        return;
    if (track->owns_fd)
        (void)close(track->input.fd);
    spn_buffer_finish(&track->header);
    free(track->fragments);
    free(track->name);
    free(track);
}

const struct spn_track_info *spn_track_info(const struct spn_track *track)
{
    return &track->info;
}

const struct spn_fragment *spn_track_all(const struct spn_track *track, size_t *count)
{
    *count = track->count;
    return track->fragments;
}

const uint8_t *spn_track_header(const struct spn_track *track, size_t *size)
{
    *size = track->header.size;
    return track->header.data;
}

int64_t spn_track_duration(const struct spn_track *track)
{
    const struct spn_fragment *last = &track->fragments[track->count - 1];

    return last->start + last->duration - track->fragments[0].start;
}

/* How many fragments begin before ticks. */
static size_t begun(const struct spn_track *track, int64_t ticks)
{
    size_t low = 0, high = track->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (track->fragments[middle].start < ticks)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct spn_fragment *spn_track_fragments(const struct spn_track *track, int64_t from,
                                               int64_t to, size_t *count)
{
    size_t first, end;

    *count = 0;
    if (from >= to)
        return track->fragments;
    first = begun(track, from);
    if (first > 0 &&
        track->fragments[first - 1].start + track->fragments[first - 1].duration > from)
        first--;
    end = begun(track, to);
    if (end > first)
        *count = end - first;
    return track->fragments + (*count ? first : 0);
}

int spn_track_samples(const struct spn_track *track, size_t index, struct spn_sample_place *out,
                      size_t max, struct spn_error *err)
{
    struct spn_judge judge = { .judging = SPN_JUDGE_SILENT, .name = track->name, .err = err };
    const struct spn_fragment *fragment;
    struct spn_moof moof = { 0 };
    uint8_t *bytes;
    int ret;

    if (index >= track->count)
        return spn_error_set(err, SPN_ERANGE, "%s has %zu fragments, there is no number %zu",
                             track->name, track->count, index + 1);
    fragment = &track->fragments[index];
    bytes = malloc(fragment->moof_size);
    if (!bytes)
        return spn_error_set(err, SPN_ENOMEM, "no memory to read %s", track->name);
    ret = spn_input_read(&track->input, fragment->offset, fragment->moof_size, bytes, err);
    if (ret == SPN_OK)
        ret = spn_moof_read(bytes, fragment->moof_size, fragment->offset, &track->info, &judge,
                            &moof, out, max, err);
    free(bytes);
    return ret < 0 ? ret : (int)moof.samples;
}
