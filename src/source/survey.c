#include "survey.h"

#include <stdlib.h>

#include "codec.h"
#include "reader.h"

#define PARTS_BACK 64 /* frames among which an earlier one of the same packet is looked for */

/* Remember a frame of packet number, and what it looks like. */
static int add_frame(struct survey *survey, uint32_t number, const AVFrame *frame,
                     struct spn_error *err)
{
    struct survey_frame *grown;
    uint32_t part = 0, i;

    if (survey->count == survey->capacity) {
        uint32_t capacity = survey->capacity ? survey->capacity * 2 : 1024;

        if (survey->count >= INDEX_FRAMES_MAX)
            return spn_error_set(err, SPN_ELIMIT, "the source has more than %u frames",
                                 INDEX_FRAMES_MAX);
        grown = realloc(survey->frames, (size_t)capacity * sizeof *grown);
        if (!grown)
            return spn_error_set(err, SPN_ENOMEM, "out of memory while counting frames");
        survey->frames = grown;
        survey->capacity = capacity;
    }
    for (i = survey->count; i-- > 0 && survey->count - i <= PARTS_BACK;)
        part += survey->frames[i].packet == number;
    survey->frames[survey->count++] = (struct survey_frame){ number, part };
    if (survey->facts.frames_seen < SURVEY_FRAMES)
        glance_at(&survey->glance, frame);
    return SPN_OK;
}

/* Every frame that is ready: 0, or -1 after the last one. */
static int take_frames(struct survey *survey, AVCodecContext *codec, AVFrame *frame, int *last,
                       struct spn_error *err)
{
    uint32_t number, bad = 0;
    int ret, failed = SPN_OK;

    while ((ret = codec_receive(codec, frame, &number, &bad)) > 0 && failed == SPN_OK) {
        failed = add_frame(survey, number, frame, err);
        av_frame_unref(frame);
    }
    *last = ret < 0;
    return failed;
}

static int run(struct survey *survey, const struct source *source, struct reader *reader,
               AVCodecContext *codec, uint32_t first, int whole, index_progress *progress,
               void *opaque, struct spn_error *err)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    uint32_t number, bad = 0;
    int ret, last = 0;

    if (!packet || !frame) {
        ret =
            spn_error_set(err, SPN_ENOMEM, "out of memory while decoding %s", source_name(source));
        goto done;
    }
    while ((whole || (survey->count < SURVEY_FRAMES && survey->read < first + SURVEY_PACKETS)) &&
           (ret = reader_read(reader, packet, &number, err)) != 0) {
        if (ret < 0)
            goto done;
        survey->read = number + 1;
        ret = number < first ? SPN_OK : codec_send(codec, packet, number, &bad, err);
        av_packet_unref(packet);
        if (ret < 0 || (ret = take_frames(survey, codec, frame, &last, err)) < 0)
            goto done;
        if (whole && progress && number % 256 == 0 &&
            progress(opaque, reader_position(reader), (int64_t)source_size(source))) {
            ret =
                spn_error_set(err, SPN_ECANCELED, "stopped while decoding %s", source_name(source));
            goto done;
        }
    }
    if ((ret = codec_send(codec, NULL, 0, &bad, err)) == SPN_OK)
        ret = take_frames(survey, codec, frame, &last, err);
    if (codec->framerate.num > 0 && codec->framerate.den > 0)
        survey->rate =
            spn_rate_reduce((uint64_t)codec->framerate.num, (uint64_t)codec->framerate.den);

done:
    av_packet_free(&packet);
    av_frame_free(&frame);
    return ret;
}

int survey_make(const struct source *source, const struct stream *stream, uint32_t first, int whole,
                index_progress *progress, void *opaque, struct survey *out, struct spn_error *err)
{
    struct reader *reader = NULL;
    AVCodecContext *codec = NULL;
    int ret;

    out->glance.facts = &out->facts;
    if ((ret = reader_open(source, stream->index, &reader, err)) == SPN_OK &&
        (ret = codec_open(source, stream, &codec, err)) == SPN_OK)
        ret = run(out, source, reader, codec, first, whole, progress, opaque, err);
    glance_finish(&out->glance);
    avcodec_free_context(&codec);
    reader_close(reader);
    return ret;
}

void survey_finish(struct survey *survey)
{
    free(survey->frames);
    survey->frames = NULL;
}
