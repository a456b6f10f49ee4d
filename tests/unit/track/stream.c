/* stream.c - elementary streams by the ffmpeg command. */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sampan/bytes.h"
#include "sampan/file.h"

#define PACKETS 47 /* of sound in a fragment: about a second */

int stream_encoder(const char *encoder)
{
    char command[256];

    (void)snprintf(command, sizeof(command),
                   "ffmpeg -hide_banner -encoders 2>/dev/null | grep -qw %s", encoder);
    return system(command) == 0;
}

static int run(const char *command)
{
    if (system(command) == 0)
        return 0;
    (void)fprintf(stderr, "failed: %s\n", command);
    return -1;
}

/* Does an access unit begin at p, of which left bytes are there? */
static int unit_begins(enum spn_codec codec, const uint8_t *p, size_t left)
{
    if (left < 6)
        return 0;
    switch (codec) {
    case SPN_H264:
        return p[0] == 0 && p[1] == 0 && p[2] == 0 && p[3] == 1 && (p[4] & 31) == 9;
    case SPN_HEVC:
        return p[0] == 0 && p[1] == 0 && p[2] == 0 && p[3] == 1 && p[4] >> 1 == 35;
    case SPN_AV1:
        return p[0] == 0x12 && p[1] == 0;
    default:
        return 0;
    }
}

static int units_split(struct stream *stream)
{
    const uint8_t *p = stream->bytes.data;
    size_t size = stream->bytes.size;

    for (size_t i = 0; i < size && stream->info.codec != SPN_AAC;) {
        size_t next = i + 1;

        if (!unit_begins(stream->info.codec, p + i, size - i) || stream->count == STREAM_UNITS_MAX)
            return -1;
        if (stream->info.codec == SPN_AV1) { /* by OBU: a delimiter's bytes may be anywhere */
            next = i + 2;
            while (next < size && p[next] != 0x12) {
                size_t length = 0, at = next + (p[next] & 4 ? 2 : 1);

                for (unsigned shift = 0; at < size; shift += 7) {
                    length |= (size_t)(p[at] & 0x7F) << shift;
                    if (!(p[at++] & 0x80))
                        break;
                }
                next = at + length;
            }
        } else {
            while (next < size && !unit_begins(stream->info.codec, p + next, size - next))
                next++;
        }
        stream->units[stream->count].at = i;
        stream->units[stream->count++].size = next - i;
        i = next;
    }
    for (size_t i = 0; i + 7 <= size && stream->info.codec == SPN_AAC;) { /* ADTS */
        size_t length = (size_t)(p[i + 3] & 3) << 11 | (size_t)p[i + 4] << 3 | p[i + 5] >> 5;

        if (p[i] != 0xFF || length < 8 || stream->count == STREAM_UNITS_MAX)
            return -1;
        stream->units[stream->count].at = i + 7;
        stream->units[stream->count++].size = length - 7;
        i += length;
    }
    return stream->count ? 0 : -1;
}

/* Keys and the order of showing, from the container the stream came out of. */
static int times_read(struct stream *stream, const char *path)
{
    static long long times[STREAM_UNITS_MAX];
    char command[1024], line[128];
    size_t count = 0, begin = 0;
    FILE *pipe;

    (void)snprintf(
        command, sizeof(command),
        "ffprobe -v error -select_streams v -show_entries packet=pts,flags -of csv=p=0 '%s'", path);
    pipe = popen(command, "r");
    while (pipe && fgets(line, sizeof(line), pipe) && count < stream->count) {
        char *comma = strchr(line, ',');

        times[count] = strtoll(line, NULL, 10);
        stream->units[count++].key = comma && comma[1] == 'K';
    }
    if (!pipe || pclose(pipe) != 0 || count != stream->count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        size_t end = i + 1;

        if (stream->units[i].key)
            begin = i;
        while (end < count && !stream->units[end].key)
            end++;
        for (size_t k = begin; k < end; k++)
            stream->units[i].place += times[k] < times[i];
    }
    return 0;
}

int stream_make(struct stream *stream, const char *dir, enum spn_codec codec, const char *encoder,
                struct spn_rate rate, unsigned frames)
{
    static const char *const forms[] = {
        [SPN_H264] = "h264", [SPN_HEVC] = "hevc", [SPN_AV1] = "obu"
    };
    static const char *const filters[] = {
        [SPN_H264] = "h264_mp4toannexb,h264_metadata=aud=insert",
        [SPN_HEVC] = "hevc_mp4toannexb,hevc_metadata=aud=insert",
        [SPN_AV1] = "null",
    };
    struct spn_track_info *info = &stream->info;
    struct spn_error err = { 0 };
    char command[2048], mkv[512], raw[512];
    uint32_t gop = codec == SPN_AAC ? 0 : spn_rate_gop(rate);

    memset(stream, 0, sizeof(*stream));
    (void)snprintf(mkv, sizeof(mkv), "%s/stream.mkv", dir);
    (void)snprintf(raw, sizeof(raw), "%s/stream.raw", dir);
    info->codec = codec;
    (void)snprintf(info->language, sizeof(info->language), "zh-Hans");
    if (codec == SPN_AAC) {
        info->media = SPN_AUDIO;
        info->sample_rate = info->timescale = 48000;
        info->channels = 2;
        info->sample_ticks = SPN_AAC_FRAME;
        (void)snprintf(command, sizeof(command),
                       "ffmpeg -v error -y -f lavfi -i sine=440:r=48000 -ac 2 -frames:a %u -c:a %s "
                       "-f adts '%s'",
                       frames, encoder, raw);
        if (run(command) < 0)
            return -1;
    } else {
        info->media = SPN_VIDEO;
        info->rate = rate;
        info->timescale = rate.num;
        info->sample_ticks = rate.den;
        info->gop = gop;
        info->width = 160;
        info->height = 90;
        info->colour = (struct spn_colour){ 1, 1, 1, 0 };
        (void)snprintf(
            command, sizeof(command),
            "ffmpeg -v error -y -f lavfi -i testsrc2=s=160x90:r=%u/%u -frames:v %u -c:v %s "
            "-g %u '%s'",
            rate.num, rate.den, frames, encoder, gop, mkv);
        if (run(command) < 0)
            return -1;
        (void)snprintf(command, sizeof(command),
                       "ffmpeg -v error -y -i '%s' -c copy -bsf:v %s -f %s '%s'", mkv,
                       filters[codec], forms[codec], raw);
        if (run(command) < 0)
            return -1;
    }
    if (spn_file_get(raw, 64u << 20, &stream->bytes, &err) < 0 || units_split(stream) < 0 ||
        (codec != SPN_AAC && times_read(stream, mkv) < 0)) {
        (void)fprintf(stderr, "the stream of %s is not understood %s\n", encoder, err.text);
        return -1;
    }
    if (codec == SPN_AAC) {
        const uint8_t *p = stream->bytes.data; /* profile, rate and channels of ADTS */
        uint8_t asc[2] = { (uint8_t)(((p[2] >> 6) + 1) << 3 | (p[2] >> 3 & 7)),
                           (uint8_t)((p[2] >> 2 & 1) << 7 | (p[2] & 1) << 5 | p[3] >> 6 << 3) };

        if (spn_config_make(codec, asc, 2, &stream->config, info->codecs, &err) < 0)
            return -1;
    } else if (spn_config_make(codec, stream->bytes.data, stream->units[0].size, &stream->config,
                               info->codecs, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    info->config = stream->config.data;
    info->config_size = stream->config.size;
    return 0;
}

void stream_finish(struct stream *stream)
{
    spn_buffer_finish(&stream->config);
    spn_buffer_finish(&stream->bytes);
}

static size_t whole_fragment(const struct stream *stream)
{
    return stream->info.media == SPN_VIDEO ? stream->info.gop : PACKETS;
}

size_t stream_fragment_count(const struct stream *stream)
{
    size_t whole = whole_fragment(stream);

    return (stream->count + whole - 1) / whole;
}

int stream_fragments(const struct stream *stream, size_t from, size_t to, struct spn_buffer *out)
{
    size_t whole = whole_fragment(stream);
    struct spn_error err = { 0 };

    for (size_t f = from; f < to; f++) {
        struct spn_sample samples[128] = { 0 };
        size_t at[128], count = 0;
        struct spn_buffer bytes = { 0 };
        int ret = 0;

        for (size_t i = f * whole; i < (f + 1) * whole && i < stream->count && ret == 0; i++) {
            at[count] = bytes.size;
            ret = spn_sample_convert(stream->info.codec, stream->bytes.data + stream->units[i].at,
                                     stream->units[i].size, &bytes, &err);
            samples[count].size = (uint32_t)(bytes.size - at[count]);
            samples[count].sync = stream->info.media == SPN_AUDIO || stream->units[i].key;
            if (stream->info.media == SPN_VIDEO)
                samples[count].offset =
                    (stream->units[i].place - (int32_t)count) * (int32_t)stream->info.sample_ticks;
            count++;
        }
        for (size_t i = 0; i < count; i++)
            samples[i].data = bytes.data + at[i];
        if (ret == 0)
            ret = spn_fragment_write(&stream->info, (uint32_t)f + 1,
                                     (uint64_t)f * whole * stream->info.sample_ticks, samples,
                                     count, out, &err);
        spn_buffer_finish(&bytes);
        if (ret < 0) {
            (void)fprintf(stderr, "fragment %zu: %s\n", f, err.text);
            return -1;
        }
    }
    return 0;
}
