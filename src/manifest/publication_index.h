/*
 * publication_index.h - the publication file as it lies on disk, and as the readers see it.
 *
 * docs/formats/publication.md is the description; the numbers here are the same ones. All numbers
 * are little-endian. Everything was checked when the publication was opened (publication_check.c),
 * so what stands here cannot fail.
 */
#ifndef SAMPAN_MANIFEST_PUBLICATION_INDEX_H
#define SAMPAN_MANIFEST_PUBLICATION_INDEX_H

#include "sampan/bytes.h"
#include "sampan/publication.h"

#define PUBLICATION_MAGIC      "SPNPUB\r\n"
#define PUBLICATION_MAGIC_SIZE 8

/* header, bytes from the start of the file */
enum {
    HEADER_MAGIC = 0,
    HEADER_VERSION = 8,
    HEADER_BYTES = 12, /* of the header: HEADER_SIZE */
    HEADER_FILE_SIZE = 16,
    HEADER_HASH = 24, /* SHA-256 of the whole file with these 32 bytes zero */
    HEADER_FLAGS = 56,
    HEADER_RATE_NUM = 60,
    HEADER_RATE_DEN = 64,
    HEADER_GOP = 68,
    HEADER_SEGMENT_GOPS = 72,
    HEADER_TARGET_DURATION = 76, /* seconds */
    HEADER_MIN_BUFFER = 80,      /* milliseconds */
    HEADER_ZERO = 84,
    HEADER_ID = 88,          /* 48 bytes, NUL-padded */
    HEADER_STORYBOARD = 136, /* six u32: tile width, height, columns, rows, tile ms, tiles */
    HEADER_SHEET_RATE = 160, /* bits a second */
    HEADER_SECTIONS = 168,   /* one { u64 offset, u64 count } per section */
    HEADER_CHAPTERS = 280,   /* { u32 offset in bytes, u32 size }: WebVTT; size 0: none */
    HEADER_SIZE = 168 + 7 * 16 + 8,
};

/* In the file in this order, each beginning at the next multiple of eight. */
enum section {
    SECTION_FILES,
    SECTION_RENDITIONS,
    SECTION_FRAGMENTS,
    SECTION_MARKS, /* u32: borders of segments, and which cues touch which segment */
    SECTION_CUES,
    SECTION_SHEETS,
    SECTION_BYTES, /* names, initialization segments, WebVTT */
    SECTION_COUNT,
};

enum {
    FILE_HASH = 0,
    FILE_BYTES = 32,
    FILE_FOLDER = 40,
    FILE_RECORD = 48,
};

enum {
    RENDITION_ID = 0, /* 8 bytes, NUL-padded */
    RENDITION_MEDIA = 8,
    RENDITION_CODEC = 12,
    RENDITION_TIMESCALE = 16,
    RENDITION_SAMPLE_TICKS = 20,
    RENDITION_WIDTH = 24,
    RENDITION_HEIGHT = 28,
    RENDITION_RATE_NUM = 32,
    RENDITION_RATE_DEN = 36,
    RENDITION_GOP = 40,
    RENDITION_COLOUR = 44, /* u16 primaries, transfer, matrix, full range */
    RENDITION_SAMPLE_RATE = 52,
    RENDITION_CHANNELS = 56,
    RENDITION_ROLES = 60,
    RENDITION_FLAGS = 64,
    RENDITION_GROUP = 68,    /* audio of one group has the same codec and channels */
    RENDITION_MEMBER = 72,   /* audio of one member says the same in another group */
    RENDITION_ORDINAL = 76,  /* how many members before it have its language and roles */
    RENDITION_LANGUAGE = 80, /* 40 bytes, NUL-padded */
    RENDITION_CODECS = 120,  /* 64 bytes, NUL-padded */
    RENDITION_PEAK = 184,    /* u64 bits a second, as the five that follow */
    RENDITION_AVERAGE = 192,
    RENDITION_BANDWIDTH = 200,
    RENDITION_IFRAME_PEAK = 208,
    RENDITION_IFRAME_AVERAGE = 216,
    RENDITION_NAME = 224, /* { u32 offset in bytes, u32 size }, as the three that follow */
    RENDITION_LABEL = 232,
    RENDITION_HEADER = 240,
    RENDITION_VTT = 248,
    RENDITION_FRAGMENTS = 256, /* { u32 first, u32 count }, as the three that follow */
    RENDITION_SEGMENTS = 264,  /* marks: count + 1 of them */
    RENDITION_TOUCHES = 272,   /* marks */
    RENDITION_CUES = 280,
    RENDITION_RECORD = 288,
};

#define RENDITION_DEFAULT 1u /* flag */

enum {
    FRAGMENT_START = 0, /* ticks */
    FRAGMENT_OFFSET = 8,
    FRAGMENT_FILE = 16,
    FRAGMENT_BYTES = 20,
    FRAGMENT_DURATION = 24,
    FRAGMENT_MOOF = 28,
    FRAGMENT_FIRST_SAMPLE = 32,
    FRAGMENT_FLAGS = 36,
    FRAGMENT_RECORD = 40,
};

#define FRAGMENT_EXACT 1u /* flag */

enum {
    CUE_START = 0, /* milliseconds */
    CUE_END = 8,
    CUE_AT = 16, /* in the section of bytes */
    CUE_BYTES = 20,
    CUE_RECORD = 24,
};

enum {
    SHEET_OFFSET = 0,
    SHEET_FILE = 8,
    SHEET_BYTES = 12,
    SHEET_RECORD = 16,
};

/* 2^42 ticks are 293 days at 173 kHz; times a million they still fit into 63 bits. */
#define PUBLICATION_TICKS_MAX     ((uint64_t)1 << 42)
#define PUBLICATION_TIMESCALE_MAX 10000000u
#define SEGMENT_GOPS_DEFAULT      3u
#define SEGMENT_FRAGMENTS_VIDEO   4u /* a segment is closed before its fifth */
#define SEGMENT_FRAGMENTS_MAX                                                                      \
    31u                           /* two parts each fit into SPN_PARTS_MAX; only sound reaches it  \
                                   */
#define RENDITION_NAME_MAX   256u /* bytes of UTF-8 */
#define STORYBOARD_SIDE_MAX  16384u   /* pixels of a sheet: what a JPEG decoder takes */
#define STORYBOARD_TILES_MAX 1000000u /* ten years of one a second is more than we play */
#define CUE_TOUCHES_MAX      4000000u /* of a rendition: 16 MB of marks */
#define CUE_TIME_MAX_MS      ((int64_t)360000000) /* 100 hours, as 99:59:59.999 is the last */

#define VTT_HEAD "WEBVTT\n\n"
/* A text segment says that its times are those of the media, whose first sample is at 0. */
#define VTT_SEGMENT "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"

struct fragment {
    uint64_t start, offset;
    uint32_t file, size, duration, moof_size, first_sample_size;
    int exact;
};

struct rendition {
    char id[8];
    struct spn_track_info info; /* without config and HDR: what prefixes and manifests need */
    unsigned roles;
    int is_default;
    uint32_t group, member, ordinal;
    uint64_t peak, average, bandwidth, iframe_peak, iframe_average;
    const char *name, *label; /* not terminated */
    size_t name_size, label_size;
    const uint8_t *header; /* the initialization segment */
    size_t header_size;
    const uint8_t *vtt; /* VTT_HEAD and every cue */
    size_t vtt_size;
    const uint8_t *fragments, *segments, *touches, *cues; /* records */
    uint32_t fragment_count, segment_count, touch_count, cue_count;
};

struct spn_publication {
    const uint8_t *bytes;
    size_t size;
    void *map; /* what to unmap, or NULL */
    char id[SPN_ID_MAX];
    char hash_text[33]; /* half of hash in hex, for entity tags */
    struct spn_hash hash;
    uint32_t flags, gop, segment_gops, target_duration_s, min_buffer_ms;
    struct spn_rate rate;
    uint32_t tile_width, tile_height, columns, rows, tile_ms, tile_count;
    uint64_t sheet_rate;
    const uint8_t *files, *sheets, *text;
    const uint8_t *chapters; /* VTT_HEAD and every chapter */
    size_t chapters_size;    /* 0: there are none */
    uint32_t file_count, sheet_count;
    uint32_t rendition_count, video_count, audio_count, text_count; /* in this order */
    struct rendition *renditions;
};

/* Take bytes apart and check all of it; *out is filled. publication_check.c */
int spn_publication_check(const uint8_t *bytes, size_t size, struct spn_publication *out,
                          struct spn_error *err);

/* The SHA-256 that belongs into the header of these bytes. */
void spn_publication_digest(const uint8_t *bytes, size_t size, struct spn_hash *out);

static inline struct fragment fragment_at(const struct rendition *rendition, uint32_t index)
{
    const uint8_t *p = rendition->fragments + (size_t)index * FRAGMENT_RECORD;
    struct fragment fragment = {
        .start = spn_le64(p + FRAGMENT_START),
        .offset = spn_le64(p + FRAGMENT_OFFSET),
        .file = spn_le32(p + FRAGMENT_FILE),
        .size = spn_le32(p + FRAGMENT_BYTES),
        .duration = spn_le32(p + FRAGMENT_DURATION),
        .moof_size = spn_le32(p + FRAGMENT_MOOF),
        .first_sample_size = spn_le32(p + FRAGMENT_FIRST_SAMPLE),
        .exact = (spn_le32(p + FRAGMENT_FLAGS) & FRAGMENT_EXACT) != 0,
    };

    return fragment;
}

/* Where fragment index begins, in ticks; the end of the last for index == fragment_count. */
static inline uint64_t fragment_start(const struct rendition *rendition, uint32_t index)
{
    const uint8_t *p = rendition->fragments + (size_t)index * FRAGMENT_RECORD;

    if (index < rendition->fragment_count)
        return spn_le64(p + FRAGMENT_START);
    p -= FRAGMENT_RECORD;
    return spn_le64(p + FRAGMENT_START) + spn_le32(p + FRAGMENT_DURATION);
}

/* The first fragment (of text: the first touch) of segment index; the end of all for the count. */
static inline uint32_t segment_first(const struct rendition *rendition, uint32_t index)
{
    return spn_le32(rendition->segments + (size_t)index * 4);
}

/* The rendition whose borders all others follow: the first, which is video. */
static inline const struct rendition *publication_lead(const struct spn_publication *publication)
{
    return &publication->renditions[0];
}

static inline uint64_t rendition_ticks(const struct rendition *rendition)
{
    return fragment_start(rendition, rendition->fragment_count);
}

#endif
