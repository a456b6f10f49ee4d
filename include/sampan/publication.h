/*
 * sampan/publication.h - an edit as one service shows it: an immutable binary index.
 *
 * docs/formats/publication.md has the layout. A publication names the files that hold the bytes of
 * every rendition, where each fragment lies in them, how fragments make segments, and what
 * manifests say. It is all that the delivery plane reads besides the track files themselves.
 */
#ifndef SAMPAN_PUBLICATION_H
#define SAMPAN_PUBLICATION_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/buffer.h"
#include "sampan/error.h"
#include "sampan/file.h"
#include "sampan/id.h"
#include "sampan/time.h"
#include "sampan/track.h"

#define SPN_PUBLICATION_VERSION 1
#define SPN_RENDITIONS_MAX      128    /* video, audio and text together */
#define SPN_FILES_MAX           65536  /* 76 episodes x 16 renditions x bridges, many times over */
#define SPN_SEGMENTS_MAX        100000 /* of a rendition */
#define SPN_CUES_MAX            100000 /* of a rendition */
#define SPN_CHAPTERS_MAX        10000  /* one every second of a film, and more */
#define SPN_PUBLICATION_MAX     (256u << 20) /* bytes */

#define SPN_PUBLICATION_OPEN 1u /* flag: anyone may play it, no grant is asked for */

/* ---- making one ---- */

/* A file that bytes come from, below the data directory; spn_plan_file_path() says where. */
enum spn_folder {
    SPN_FOLDER_TRACK = 1,  /* "track/ab/NAME": a track file */
    SPN_FOLDER_BRIDGE = 2, /* "bridge/ab/NAME" */
    SPN_FOLDER_SHEETS = 3, /* "track/ab/NAME.sheets": a storyboard's sheets */
    SPN_FOLDER_TILES = 4,  /* "track/ab/NAME.tiles": its tiles, each a picture of its own */
};
struct spn_plan_file {
    enum spn_folder folder;
    struct spn_hash name; /* what the file is called: the hash of its recipe */
    uint64_t size;        /* bytes */
};

/* The path of file below root, the data directory. SPN_EINVAL: no such folder; SPN_ELIMIT: too
 * long. */
static inline int spn_plan_file_path(const struct spn_plan_file *file, const char *root, char *out,
                                     size_t size, struct spn_error *err)
{
    char hex[SPN_HASH_HEX + 1];

    spn_hash_hex(&file->name, hex);
    switch (file->folder) {
    case SPN_FOLDER_TRACK:
        return spn_file_place(out, size, root, "track", hex, "", err);
    case SPN_FOLDER_BRIDGE:
        return spn_file_place(out, size, root, "bridge", hex, "", err);
    case SPN_FOLDER_SHEETS:
        return spn_file_place(out, size, root, "track", hex, ".sheets", err);
    case SPN_FOLDER_TILES:
        return spn_file_place(out, size, root, "track", hex, ".tiles", err);
    }
    return spn_error_set(err, SPN_EINVAL, "a publication names a file in folder %d, which is none",
                         (int)file->folder);
}

struct spn_plan_fragment {
    uint32_t file;     /* index into the plan's files */
    uint32_t duration; /* ticks */
    uint64_t offset;
    uint32_t size, moof_size, first_sample_size;
    uint8_t exact; /* the bytes on disk already have the right sequence number and decode time */
};

struct spn_plan_cue {
    int64_t start_ms, end_ms; /* [start, end) */
    const char *settings;     /* WebVTT cue settings, "" for none */
    const char *text;         /* WebVTT cue text, UTF-8, no blank line in it */
};

/* Roles are those of DASH (urn:mpeg:dash:role:2011); HLS characteristics follow from them. */
enum spn_role {
    SPN_ROLE_MAIN = 1u,
    SPN_ROLE_DUB = 2u,
    SPN_ROLE_COMMENTARY = 4u,
    SPN_ROLE_DESCRIPTION = 8u,
    SPN_ROLE_SUBTITLE = 16u,
    SPN_ROLE_CAPTION = 32u,
    SPN_ROLE_FORCED = 64u,
};

struct spn_plan_rendition {
    const char *id;             /* in URLs: "v0", "a1", "t0"; [a-z][0-9]{1,3} */
    struct spn_track_info info; /* text: media, codec, language only */
    const char *name;           /* what a viewer reads: "English", "中文" */
    unsigned roles;             /* of enum spn_role */
    int is_default;
    const uint8_t *header; /* ftyp and moov; NULL for text */
    size_t header_size;
    const struct spn_plan_fragment *fragments; /* video, audio */
    size_t fragment_count;
    const struct spn_plan_cue *cues; /* text, by start then end */
    size_t cue_count;
};

struct spn_plan_sheet {
    uint32_t file;
    uint32_t size;
    uint64_t offset;
};

struct spn_plan_storyboard {
    uint32_t tile_width, tile_height, columns,
        rows;         /* of a whole sheet; the last may have fewer tiles */
    uint32_t tile_ms; /* how long one tile stands */
    uint32_t tile_count;
    const struct spn_plan_sheet *sheets;
    size_t sheet_count;
};

struct spn_publication_plan {
    const char *id;        /* "publication_…" */
    uint32_t flags;        /* SPN_PUBLICATION_OPEN */
    struct spn_rate rate;  /* the edit rate */
    uint32_t gop;          /* frames */
    uint32_t segment_gops; /* the target, 0: 3 */
    const struct spn_plan_file *files;
    size_t file_count;
    const struct spn_plan_rendition *renditions; /* video best first, then audio, then text */
    size_t rendition_count;
    const struct spn_plan_storyboard *storyboard; /* NULL for none */
    const struct spn_plan_cue *chapters;          /* in order and apart; their texts are titles */
    size_t chapter_count;
};

/*
 * Append the bytes of the publication to out. Segments are made here by the rules of DESIGN
 * "Sizes": whole fragments, closed before the one that would make it longer than 1.25 x the target
 * or its fifth; audio and text segment n begin at the border nearest video segment n. All video
 * renditions must have the same fragment durations (SPN_EMISMATCH names the rendition). Bandwidths
 * are computed here, over real segments.
 */
int spn_publication_make(const struct spn_publication_plan *plan, struct spn_buffer *out,
                         struct spn_error *err);

/* ---- reading one ---- */

struct spn_publication; /* never changes once open: any number of threads may read it */

/*
 * Map the publication file at path; every offset, count and order in it is checked here, so that
 * nothing below can fail for the file's sake. SPN_ENOENT: none. SPN_EGONE: a tombstone stands
 * beside it ("PATH.gone"). SPN_EFORMAT, SPN_ELIMIT. *out goes to spn_publication_close().
 */
int spn_publication_open(const char *path, struct spn_publication **out, struct spn_error *err);
/* The same of bytes in memory, which must outlive it. */
int spn_publication_open_memory(const void *bytes, size_t size, struct spn_publication **out,
                                struct spn_error *err);
void spn_publication_close(struct spn_publication *publication); /* NULL is allowed */

const char *spn_publication_id(const struct spn_publication *publication);
uint32_t spn_publication_flags(const struct spn_publication *publication);
int spn_publication_has_chapters(const struct spn_publication *publication);
/* SHA-256 of the file's bytes, kept in its header and checked at load: the root of every ETag. */
const struct spn_hash *spn_publication_hash(const struct spn_publication *publication);
/* The files it names: for gc and for the module to open. SPN_ERANGE past the end. */
int spn_publication_file(const struct spn_publication *publication, size_t index,
                         struct spn_plan_file *out);
size_t spn_publication_file_count(const struct spn_publication *publication);

#endif
