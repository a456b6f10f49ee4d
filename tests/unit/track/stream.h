/*
 * stream.h - a small elementary stream by a real encoder, as access units: made by the ffmpeg
 * command.
 */
#ifndef TESTS_TRACK_STREAM_H
#define TESTS_TRACK_STREAM_H

#include "sampan/buffer.h"
#include "sampan/track.h"

#define STREAM_UNITS_MAX 1024

struct stream {
    struct spn_track_info info; /* config points into config below */
    struct spn_buffer config;
    struct spn_buffer bytes; /* as the encoder wrote them */
    struct {
        size_t at, size; /* in bytes */
        int key;
        int place; /* in its GOP, as shown */
    } units[STREAM_UNITS_MAX];
    size_t count;
};

/* Does this machine's ffmpeg have the encoder? */
int stream_encoder(const char *encoder);

/*
 * Encode into directory dir: encoder and its options as ffmpeg takes them ("libx264 -bf 3"), frames
 * of picture at rate, or packets of sound. 0, or -1 with a line on stderr.
 */
int stream_make(struct stream *stream, const char *dir, enum spn_codec codec, const char *encoder,
                struct spn_rate rate, unsigned frames);
void stream_finish(struct stream *stream);

/* Write fragments [from, to) of the stream (a GOP, or 47 packets, each), numbered from number. */
int stream_fragments(const struct stream *stream, size_t from, size_t to, struct spn_buffer *out);
size_t stream_fragment_count(const struct stream *stream);

#endif
