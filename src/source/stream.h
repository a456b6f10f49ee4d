/*
 * stream.h - the facts of one stream of a source.
 */
#ifndef SAMPAN_SOURCE_STREAM_H
#define SAMPAN_SOURCE_STREAM_H

#include "source.h"

#include "sampan/time.h"

enum stream_kind {
    STREAM_OTHER = 0, /* data, attachments, covers: not kept */
    STREAM_VIDEO,     /* moving pictures */
    STREAM_AUDIO,
    STREAM_TEXT,   /* subtitles as text: become WebVTT */
    STREAM_BITMAP, /* subtitles as pictures: reported, not kept */
};

#define STREAM_LANGUAGE_MAX 36

struct stream {
    int index; /* in the file, from 0 */
    enum stream_kind kind;
    const AVCodecParameters *codecpar; /* borrowed from the source */
    AVRational time_base;
    int decodable;       /* this build has a decoder for it */
    int encrypted;       /* the file says that its packets are encrypted */
    int attached;        /* a cover or thumbnail, not moving pictures */
    int dovi_profile;    /* Dolby Vision profile, or -1 */
    int dovi_compatible; /* its base layer is shown as it is: bl_signal_compatibility_id != 0 */

    /* video */
    int width, height;        /* pixels as coded (after the decoder's cropping) */
    AVRational sar;           /* sample aspect ratio, 1:1 where unknown */
    int rotation;             /* degrees clockwise to turn it upright by: 0, 90, 180, 270 */
    int mirrored;             /* flipped left to right, before it is turned */
    struct spn_rate declared; /* frames a second as the file says, 0/0: it does not */
    int hdr;                  /* PQ or HLG */

    /* audio */
    int sample_rate, channels;

    int is_default, forced, hearing_impaired, visual_impaired, commentary;
    char language[STREAM_LANGUAGE_MAX]; /* BCP 47, "und" where unknown */
    const char *title;                  /* "" where there is none; borrowed from the source */
};

/* The facts of stream index. SPN_ERANGE: no such stream. */
int stream_read(const struct source *source, int index, struct stream *out, struct spn_error *err);

/* "video", "audio", "text", "bitmap", "other". */
const char *stream_kind_name(enum stream_kind kind);

/*
 * ISO 639-2 (either code), 639-1 or a BCP 47 tag, as files have it, to BCP 47: "chi" and "zho" are
 * "zh", "eng" is "en", "cmn" stays; "und" for nothing, for "mis", "mul", "zxx" and for what is no
 * tag.
 */
void stream_language(const char *tag, char out[STREAM_LANGUAGE_MAX]);

#endif
