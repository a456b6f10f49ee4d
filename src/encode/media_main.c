/* media_main.c - sampan-media OPERATION: confine, read one request, answer it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/log.h>

#include "confine.h"
#include "media.h"
#include "member.h"
#include "protocol.h"

static const struct operation {
    const char *name;
    media_operation *run;
} operations[] = {
    { "audio", op_audio },
    { "bridge", op_bridge },
    { "chunk", op_chunk },
    { "confine-probe", op_confine_probe },
    { "encoders", op_encoders },
    { "examine", op_examine },
    { "sound_bridge", op_sound_bridge },
    { "storyboard", op_storyboard },
    { "text", op_text },
    { "verify", op_verify },
    { "walls", op_walls },
};

static const struct operation *operation_find(const char *name)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

/* What a chunk of the plan takes, or of the largest of several. */
static int memory_read(const json_t *request, int64_t *out, struct spn_error *err)
{
    const json_t *asset;
    int64_t one = 0;
    size_t index;
    int ret;

    if ((ret = member_int_or(json_object_get(request, "plan"), "the plan", "chunk_memory_mb", 0,
                             1 << 20, out, err)) < 0)
        return ret;
    json_array_foreach(json_object_get(request, "assets"), index, asset)
    {
        if ((ret = member_int_or(json_object_get(asset, "plan"), "a plan", "chunk_memory_mb", 0,
                                 1 << 20, &one, err)) < 0)
            return ret;
        *out = one > *out ? one : *out;
    }
    return SPN_OK;
}

static int limits_read(const json_t *request, struct confine_limits *out, struct spn_error *err)
{
    const char *holder = "\"limits\" of the request";
    const json_t *limits = json_object_get(request, "limits");
    int64_t chunk_mb = 0;
    int ret;

    /* Address space is not memory in use: a chunk may take twice what it is planned to need. */
    if ((ret = memory_read(request, &chunk_mb, err)) < 0)
        return ret;
    out->memory_mb =
        2 * chunk_mb > CONFINE_MEMORY_MB_DEFAULT ? 2 * chunk_mb : CONFINE_MEMORY_MB_DEFAULT;
    if (!limits || json_is_null(limits))
        return SPN_OK;
    if ((ret = member_int_or(limits, holder, "memory_mb", 64, 1 << 20, &out->memory_mb, err)) < 0 ||
        (ret = member_int_or(limits, holder, "file_mb", 1, 1 << 30, &out->file_mb, err)) < 0 ||
        (ret = member_int_or(limits, holder, "cpu_s", 1, 1 << 24, &out->cpu_s, err)) < 0 ||
        (ret = member_int_or(limits, holder, "wall_s", 1, 1 << 24, &out->wall_s, err)) < 0)
        return ret;
    return SPN_OK;
}

/* FFmpeg's words go to standard error: 16 errors, 24 warnings (the default), 32 and 40 more. */
static int log_set(const json_t *request, struct spn_error *err)
{
    int64_t level = AV_LOG_WARNING;
    int ret;

    if ((ret = member_int_or(request, "the request", "log_level", AV_LOG_QUIET, AV_LOG_DEBUG,
                             &level, err)) < 0)
        return ret;
    av_log_set_level((int)level);
    av_log_set_flags(AV_LOG_PRINT_LEVEL);
    return SPN_OK;
}

static int media_run(const struct operation *operation, json_t *request, struct spn_error *err)
{
    static int keep[REQUEST_FDS_MAX];
    struct media media = { .request = request };
    struct confine_limits limits = { 0 };
    json_t *result = NULL;
    size_t count = 0;
    int ret;

    if ((ret = limits_read(request, &limits, err)) < 0 || (ret = log_set(request, err)) < 0 ||
        (ret = request_fds(request, keep, REQUEST_FDS_MAX, &count, err)) < 0 ||
        (ret = confine(&limits, keep, count, &media.walls, err)) < 0 ||
        (ret = operation->run(&media, &result, err)) < 0)
        return ret;
    return answer_result(result, err);
}

int main(int argc, char **argv)
{
    const struct operation *operation = argc == 2 ? operation_find(argv[1]) : NULL;
    struct spn_error err = { 0 };
    json_t *request = NULL;
    int ret;

    if (!operation) {
        (void)fprintf(stderr, "usage: sampan-media examine | chunk | audio | text | storyboard "
                              "< request\nIt is started by sampan-worker.\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setenv("SVT_LOG", "1", 0); /* errors only */
    ret = request_read(STDIN_FILENO, &request, &err);
    if (ret == SPN_OK)
        ret = media_run(operation, request, &err);
    json_decref(request);
    if (ret < 0) {
        answer_error(&err);
        return 1;
    }
    return 0;
}
