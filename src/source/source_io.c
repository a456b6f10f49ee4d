#include "source_io.h"

#include <errno.h>
#include <unistd.h>

#include <libavutil/opt.h>

#include "container.h"
#include "source.h"

#define IO_BUFFER (128 * 1024)

/* What is read to recognise a file and to learn about its streams. */
#define RECOGNISE_MAX (1 << 20)   /* bytes */
#define PROBE_BYTES   "33554432"  /* 32 MB: streams of a TS may begin late */
#define PROBE_TIME_US "10000000"  /* 10 s */
#define PROBE_STREAMS "128"       /* more are refused by source_open() already */
#define INDEX_BYTES   "268435456" /* libavformat's own table for seeking */

static int io_read(void *opaque, uint8_t *buffer, int size)
{
    struct source_io *io = opaque;
    ssize_t n;

    do
        n = pread(io->fd, buffer, (size_t)size, (off_t)io->position);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        io->error = errno;
        return AVERROR(errno);
    }
    if (n == 0)
        return AVERROR_EOF;
    io->position += (uint64_t)n;
    return (int)n;
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
    struct source_io *io = opaque;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return (int64_t)io->size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        offset += (int64_t)io->position;
        break;
    case SEEK_END:
        offset += (int64_t)io->size;
        break;
    default:
        return AVERROR(EINVAL);
    }
    if (offset < 0)
        return AVERROR(EINVAL);
    io->position = (uint64_t)offset;
    return offset;
}

/* A file that refers to another one (a playlist, an external reference) does not get it. */
static int refuse_open(AVFormatContext *context, AVIOContext **pb, const char *url, int flags,
                       AVDictionary **options)
{
    (void)context, (void)url, (void)flags, (void)options;
    *pb = NULL;
    return AVERROR(EACCES);
}

static AVIOContext *pb_create(struct source_io *io)
{
    uint8_t *buffer = av_malloc(IO_BUFFER);
    AVIOContext *pb = NULL;

    if (buffer)
        pb = avio_alloc_context(buffer, IO_BUFFER, 0, io, io_read, NULL, io_seek);
    if (!pb)
        av_free(buffer);
    return pb;
}

static void pb_destroy(AVIOContext **pb)
{
    if (*pb)
        av_freep(&(*pb)->buffer);
    avio_context_free(pb);
}

int demuxer_recognise(struct source_io *io, const char *name, const AVInputFormat **out,
                      struct spn_error *err)
{
    AVIOContext *pb;
    const AVInputFormat *format = NULL;
    uint8_t start[CONTAINER_START] = { 0 };
    ssize_t n;
    int ret;

    n = pread(io->fd, start, sizeof start, 0);
    if (n < 0)
        return spn_error_errno(err, errno, "cannot read %s", name);
    io->position = 0;
    pb = pb_create(io);
    if (!pb)
        return spn_error_set(err, SPN_ENOMEM, "out of memory while opening %s", name);
    ret = av_probe_input_buffer2(pb, &format, "", NULL, 0, RECOGNISE_MAX);
    pb_destroy(&pb);
    if (io->error)
        return spn_error_errno(err, io->error, "cannot read %s", name);
    if (ret < 0 || !format)
        return container_unknown(name, start, (size_t)n, err);
    ret = container_judge(name, format, err);
    if (ret < 0)
        return ret;
    *out = format;
    return SPN_OK;
}

int demuxer_open(struct source_io *io, const char *name, const AVInputFormat *format,
                 AVFormatContext **out, struct spn_error *err)
{
    AVFormatContext *context = avformat_alloc_context();
    AVDictionary *options = NULL;
    AVIOContext *pb;
    char reason[AV_ERROR_MAX_STRING_SIZE];
    int ret;

    *out = NULL;
    io->position = 0;
    pb = pb_create(io);
    if (!context || !pb) {
        avformat_free_context(context);
        pb_destroy(&pb);
        return spn_error_set(err, SPN_ENOMEM, "out of memory while opening %s", name);
    }
    context->pb = pb;
    context->io_open = refuse_open;
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
    av_dict_set(&options, "probesize", PROBE_BYTES, 0);
    av_dict_set(&options, "analyzeduration", PROBE_TIME_US, 0);
    av_dict_set(&options, "max_streams", PROBE_STREAMS, 0);
    av_dict_set(&options, "indexmem", INDEX_BYTES, 0);
    av_dict_set(&options, "format_whitelist", format->name, 0);
    ret = avformat_open_input(&context, NULL, format, &options); /* frees context on failure */
    av_dict_free(&options);
    if (ret < 0) {
        pb_destroy(&pb);
        goto failed;
    }
    ret = avformat_find_stream_info(context, NULL);
    if (ret < 0) {
        demuxer_close(&context);
        goto failed;
    }
    *out = context;
    return SPN_OK;

failed:
    if (io->error)
        return spn_error_errno(err, io->error, "cannot read %s", name);
    if (ret == AVERROR(ENOMEM))
        return spn_error_set(err, SPN_ENOMEM,
                             "%s cannot be opened within the memory that there is for it", name);
    return spn_error_set(err, SPN_EFORMAT, "%s is damaged: as %s it cannot be opened (%s)", name,
                         format->long_name ? format->long_name : format->name,
                         source_reason(ret, reason, sizeof reason));
}

void demuxer_close(AVFormatContext **context)
{
    AVIOContext *pb;

    if (!*context)
        return;
    pb = (*context)->pb;
    avformat_close_input(context);
    pb_destroy(&pb);
}
