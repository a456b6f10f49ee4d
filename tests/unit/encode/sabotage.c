/* sabotage.c - for tests of verification: files that are not what they should be. */
#include "sabotage.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>

#include "mapped.h"
#include "piece.h"
#include "process.h"

#define PACKETS_MAX 1024

struct packets {
    AVPacket *list[PACKETS_MAX];
    int count;
    AVFormatContext *input;
};

static void packets_read(const char *path, struct packets *out)
{
    memset(out, 0, sizeof(*out));
    assert_int_equal(avformat_open_input(&out->input, path, NULL, NULL), 0);
    do {
        assert_true(out->count < PACKETS_MAX);
        out->list[out->count] = av_packet_alloc();
    } while (av_read_frame(out->input, out->list[out->count]) >= 0 && ++out->count);
}

static void packets_finish(struct packets *packets)
{
    for (int i = 0; i <= packets->count; i++)
        av_packet_free(&packets->list[i]);
    avformat_close_input(&packets->input);
}

/* How many of count packets are shown before number n of them. */
static int rank(AVPacket *const *packets, int count, int n)
{
    int before = 0;

    for (int i = 0; i < count; i++)
        before += packets[i]->pts < packets[n]->pts;
    return before;
}

/* The decoder configuration as Sampan writes it, of what the muxer of ffmpeg wrote. */
static void config_make(const AVCodecParameters *codec, struct spn_track_info *info,
                        struct spn_buffer *out)
{
    const AVBitStreamFilter *filter = av_bsf_get_by_name(
        codec->codec_id == AV_CODEC_ID_HEVC ? "hevc_mp4toannexb" : "h264_mp4toannexb");
    struct spn_error err = { 0 };
    AVBSFContext *sets = NULL;

    assert_int_equal(av_bsf_alloc(filter, &sets), 0);
    assert_int_equal(avcodec_parameters_copy(sets->par_in, codec), 0);
    assert_int_equal(av_bsf_init(sets), 0);
    if (spn_config_make(info->codec, sets->par_out->extradata,
                        (size_t)sets->par_out->extradata_size, out, info->codecs, &err) < 0)
        fail_msg("%s", err.text);
    info->config = out->data;
    info->config_size = out->size;
    av_bsf_free(&sets);
}

static void fragments_write(const struct packets *packets, const struct foreign *foreign,
                            const char *path)
{
    const AVCodecParameters *codec = packets->input->streams[0]->codecpar;
    struct spn_buffer config = { 0 };
    struct spn_error err = { 0 };
    struct spn_track *track;
    struct spn_track_info info;
    struct piece piece;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(spn_track_open(foreign->like, &track, &err), SPN_OK);
    info = *spn_track_info(track);
    config_make(codec, &info, &config);
    info.width = (uint32_t)codec->width;
    info.height = (uint32_t)codec->height;
    if (foreign->rate.num) {
        info.rate = foreign->rate;
        info.gop = spn_rate_gop(info.rate);
        info.timescale = info.rate.num;
        info.sample_ticks = info.rate.den;
    }
    if (piece_init(&piece, fd, &info, &err) < 0)
        fail_msg("%s", err.text);
    for (int first = 0; first < packets->count; first += (int)foreign->gop) {
        struct spn_sample samples[PACKETS_MAX] = { 0 };
        int left = packets->count - first;
        int count = left < (int)foreign->gop ? left : (int)foreign->gop;

        for (int i = 0; i < count; i++)
            samples[i] = (struct spn_sample){
                .data = packets->list[first + i]->data,
                .size = (uint32_t)packets->list[first + i]->size,
                .offset = (rank(packets->list + first, count, i) - i) * (int32_t)info.sample_ticks,
                .sync = i == 0,
            };
        if (piece_append(&piece, piece.fragments + 1, (uint64_t)first * info.sample_ticks, samples,
                         (size_t)count, &err) < 0)
            fail_msg("%s", err.text);
    }
    piece_finish(&piece);
    spn_buffer_finish(&config);
    spn_track_close(track);
    (void)close(fd);
}

static void ffmpeg_run(const char *const *before, const char *const *after, const char *out)
{
    const char *argv[64] = { "ffmpeg", "-nostdin", "-v", "error", "-y" };
    size_t count = 5;

    while (*before)
        argv[count++] = *before++;
    while (after && *after)
        argv[count++] = *after++;
    argv[count++] = out;
    assert_int_equal(process_wait(process_start(argv, NULL, -1), "ffmpeg"), 0);
}

void foreign_write(const struct foreign *foreign, const char *path)
{
    char filter[400], frames[16], size[32], pace[32], raw[160], encoded[160];
    const char *const decode[] = { "-i",   foreign->film, "-an",     "-vf", filter,     "-frames:v",
                                   frames, "-pix_fmt",    "yuv420p", "-f",  "rawvideo", NULL };
    /* of raw pictures nothing comes along but what is said: as Sampan gives them to an encoder */
    const char *const encode[] = { "-f",  "rawvideo",   "-pix_fmt", "yuv420p", "-video_size",
                                   size,  "-framerate", pace,       "-i",      raw,
                                   "-vf", "setsar=1",   NULL };
    struct spn_error err = { 0 };
    const struct spn_track_info *info;
    struct packets packets;
    struct spn_track *like;
    struct spn_rate rate;

    assert_int_equal(spn_track_open(foreign->like, &like, &err), SPN_OK);
    info = spn_track_info(like);
    rate = foreign->rate.num ? foreign->rate : info->rate;
    (void)snprintf(size, sizeof(size), "%ux%u", info->width, info->height);
    (void)snprintf(pace, sizeof(pace), "%u/%u", rate.num, rate.den);
    spn_track_close(like);
    /* at another rate as many frames begin there, and end elsewhere */
    (void)snprintf(filter, sizeof(filter), "trim=start_frame=%u,setpts=PTS-STARTPTS,%s,fps=%s",
                   foreign->from, foreign->filter, pace);
    (void)snprintf(frames, sizeof(frames), "%u", foreign->to - foreign->from);
    (void)snprintf(raw, sizeof(raw), "%s.yuv", path);
    (void)snprintf(encoded, sizeof(encoded), "%s.foreign.mp4", path);
    ffmpeg_run(decode, NULL, raw);
    ffmpeg_run(encode, foreign->encoder, encoded);
    packets_read(encoded, &packets);
    assert_int_equal(packets.count, foreign->to - foreign->from);
    fragments_write(&packets, foreign, path);
    packets_finish(&packets);
    (void)unlink(raw);
    (void)unlink(encoded);
}

void packets_move(const char *path, int late)
{
    struct spn_error err = { 0 };
    const struct spn_fragment *all;
    struct mapped mapped;
    struct piece piece;
    size_t count;
    char moved[160];
    int in = open(path, O_RDONLY), out;

    (void)snprintf(moved, sizeof(moved), "%s.moved", path);
    out = open(moved, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(in >= 0 && out >= 0);
    assert_int_equal(mapped_open(in, path, &mapped, &err), SPN_OK);
    all = spn_track_all(mapped.track, &count);
    assert_int_equal(piece_init(&piece, out, spn_track_info(mapped.track), &err), SPN_OK);
    for (size_t i = 0; i < count; i++) {
        struct spn_sample *samples = calloc(all[i].samples, sizeof(*samples));
        int last = (int)all[i].samples - 1;

        assert_non_null(samples);
        for (int k = 0; k <= last; k++) {
            int from = k - late < 0 ? 0 : k - late > last ? last : k - late;

            assert_int_equal(mapped_sample(&mapped, i, (size_t)from, &samples[k], &err), SPN_OK);
        }
        assert_int_equal(piece_append(&piece, (uint32_t)i + 1, (uint64_t)all[i].start, samples,
                                      all[i].samples, &err),
                         SPN_OK);
        free(samples);
    }
    piece_finish(&piece);
    mapped_close(&mapped);
    (void)close(in);
    (void)close(out);
    assert_int_equal(rename(moved, path), 0);
}

/* The packet of a track; borrowed. */
static struct spn_sample packet_at(struct mapped *track, int64_t packet)
{
    const struct spn_fragment *all, *fragment;
    int64_t ticks = packet * SPN_AAC_FRAME;
    struct spn_error err = { 0 };
    struct spn_sample sample;
    size_t count;

    all = spn_track_all(track->track, &count);
    fragment = spn_track_fragments(track->track, ticks, ticks + 1, &count);
    assert_true(count > 0);
    assert_int_equal(mapped_sample(track, (size_t)(fragment - all),
                                   (size_t)((ticks - fragment->start) / SPN_AAC_FRAME), &sample,
                                   &err),
                     SPN_OK);
    return sample;
}

void packets_join(const struct cut_run *run, const char *path)
{
    const struct spn_composition *composition = run->composition;
    struct mapped tracks[CUT_ASSETS_MAX] = { 0 };
    struct spn_sound_clip *clips;
    struct spn_sound_span *spans;
    struct spn_error err = { 0 };
    struct piece piece;
    size_t count, clip = 0;
    int64_t written = 0;
    int out = open(path, O_RDWR | O_TRUNC);

    assert_true(out >= 0);
    for (size_t i = 0; i < composition->asset_count; i++) {
        char from[128];
        int fd;

        (void)snprintf(from, sizeof(from), "%s/a0.mp4", run->assets[i]->dir);
        assert_true((fd = open(from, O_RDONLY)) >= 0);
        assert_int_equal(mapped_open(fd, from, &tracks[i], &err), SPN_OK);
        (void)close(fd);
    }
    assert_int_equal(piece_init(&piece, out, spn_track_info(tracks[0].track), &err), SPN_OK);
    assert_int_equal(spn_sound_clips(composition, 48000, &clips, &err), SPN_OK);
    assert_int_equal(spn_sound_spans(composition, 48000, clips, &spans, &count, &err), SPN_OK);
    for (size_t i = 0; i < count; i++) {
        if (spans[i].kind != SPN_BRIDGE)
            continue;
        for (uint32_t k = 0; k < spans[i].fragments; k++) {
            struct spn_sample samples[PACKETS_MAX] = { 0 };
            int64_t first, length;

            spn_bridge_fragment(spans[i].slots, (uint32_t)spans[i].fragments, k, &first, &length);
            assert_in_range(length, 1, PACKETS_MAX);
            for (int64_t n = 0; n < length; n++) {
                int64_t slot = spans[i].first + first + n;

                while (slot >= clips[clip].end)
                    clip++;
                samples[n] =
                    packet_at(&tracks[composition->clips[clip].asset], slot + clips[clip].shift);
            }
            if (piece_append(&piece, piece.fragments + 1, (uint64_t)written * SPN_AAC_FRAME,
                             samples, (size_t)length, &err) < 0)
                fail_msg("%s", err.text);
            written += length;
        }
    }
    piece_finish(&piece);
    for (size_t i = 0; i < composition->asset_count; i++)
        mapped_close(&tracks[i]);
    free(clips);
    free(spans);
    (void)close(out);
}

void bytes_spoil(const char *path, size_t fragment, size_t sample)
{
    static const uint8_t nonsense[24] = { 0xFF, 0x00, 0xAA, 0x55, 0xFF, 0xFF, 0x12, 0x34 };
    struct spn_error err = { 0 };
    struct spn_sample found;
    struct mapped mapped;
    int fd = open(path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(mapped_open(fd, path, &mapped, &err), SPN_OK);
    assert_int_equal(mapped_sample(&mapped, fragment, sample, &found, &err), SPN_OK);
    assert_true(found.size > sizeof(nonsense));
    assert_int_equal(pwrite(fd, nonsense, sizeof(nonsense), found.data - mapped.bytes),
                     sizeof(nonsense));
    mapped_close(&mapped);
    (void)close(fd);
}

void idr_unmark(const char *path, size_t fragment)
{
    struct spn_error err = { 0 };
    struct spn_sample sample;
    struct mapped mapped;
    int fd = open(path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(mapped_open(fd, path, &mapped, &err), SPN_OK);
    assert_int_equal(mapped_sample(&mapped, fragment, 0, &sample, &err), SPN_OK);
    for (uint32_t at = 0; at + 4 < sample.size;) {
        const uint8_t *nal = sample.data + at;
        uint32_t size =
            (uint32_t)nal[0] << 24 | (uint32_t)nal[1] << 16 | (uint32_t)nal[2] << 8 | nal[3];
        uint8_t head = (uint8_t)((nal[4] & 0xE0) | 1);

        if ((nal[4] & 0x1F) == 5)
            assert_int_equal(pwrite(fd, &head, 1, nal + 4 - mapped.bytes), 1);
        at += 4 + size;
    }
    mapped_close(&mapped);
    (void)close(fd);
}

static void faults_print(const json_t *result)
{
    const json_t *fault;
    size_t i;

    json_array_foreach(json_object_get(result, "faults"), i, fault)
    {
        print_message("%s: %s\n", json_string_value(json_object_get(fault, "check")),
                      json_string_value(json_object_get(fault, "text")));
    }
}

void is_good(const json_t *result)
{
    char *measured = json_dumps(json_object_get(result, "measured"), JSON_COMPACT);

    assert_non_null(result);
    print_message("%.600s\n", measured);
    free(measured);
    faults_print(result);
    assert_int_equal(json_integer_value(json_object_get(result, "fault_count")), 0);
}

void is_caught(const json_t *result, const char *check, const char *words)
{
    const json_t *fault;
    size_t i;

    assert_non_null(result);
    json_array_foreach(json_object_get(result, "faults"), i, fault)
    {
        const char *text = json_string_value(json_object_get(fault, "text"));

        if (strcmp(json_string_value(json_object_get(fault, "check")), check) == 0 &&
            strstr(text, words)) {
            print_message("%s: %s\n", check, text);
            return;
        }
    }
    faults_print(result);
    fail_msg("no fault of %s says \"%s\"", check, words);
}
