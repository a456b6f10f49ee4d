/*
 * packet_index.h - every packet of every kept stream, indexed once; and the frames of the picture.
 *
 * Kept streams are the picture, every audio and every text stream. The file is described in
 * docs/formats/source.md; it is written once, front to back, and then read through a map by any
 * number of processes. Memory while writing is bounded whatever the length of the source. All times
 * in it are of one timeline: jumps of TS and PS timestamps have been closed, 33-bit wraps undone.
 */
#ifndef SAMPAN_SOURCE_PACKET_INDEX_H
#define SAMPAN_SOURCE_PACKET_INDEX_H

#include "source.h"

#define INDEX_PACKETS_MAX (1u << 26) /* all streams: 24 h of 60 frames and 16 audio tracks */
#define INDEX_FRAMES_MAX  (1u << 24) /* 24 h of 120 frames a second is 10.4 million */
#define INDEX_NOTIME      INT64_MIN

enum {
    INDEX_KEY = 1,     /* a decoder may begin here */
    INDEX_RESET = 2,   /* … and nothing from before is used after it (IDR, VP9 key frame, …) */
    INDEX_DISCARD = 4, /* decoded but not shown: before an edit begins */
    INDEX_CORRUPT = 8, /* the container says so */
    INDEX_FIELD = 16,  /* one field of a frame */
    INDEX_HIDDEN = 32, /* gives no frame */
};

struct index_packet {
    int64_t pts, dts;  /* ticks of the stream's time base, or INDEX_NOTIME */
    int64_t pos;       /* bytes in the file, or -1 */
    uint32_t size;     /* bytes */
    uint32_t duration; /* ticks, 0: unknown */
    uint32_t hash;     /* of the bytes */
    uint32_t flags;
};

/* One frame of the picture, in presentation order. */
struct index_frame {
    int64_t pts;     /* ticks, rising strictly */
    uint32_t packet; /* its packet, counted in file order from 0 within the stream */
    uint32_t part;   /* 0, or which of the frames of that packet */
};

struct index_stream {
    int stream; /* in the file */
    int64_t time_num, time_den;
    uint32_t packets;
};

enum index_how {
    INDEX_BY_PACKETS = 0, /* one packet is one frame, presented by its timestamp */
    INDEX_BY_DECODING,    /* packets are not frames: every frame was decoded once */
};

/* Called now and then with bytes read of bytes in all; not 0 stops with SPN_ECANCELED. NULL is
 * allowed. */
typedef int index_progress(void *opaque, int64_t done, int64_t total);

/*
 * Read the whole source and write its index to fd (empty, opened for reading and writing); the
 * caller syncs and names it. video is what probe_judge() chose. SPN_EFORMAT: no frame could be
 * decoded. SPN_ELIMIT, SPN_EIO, SPN_ENOSPC, SPN_ENOMEM, SPN_ECANCELED.
 */
int index_build(const struct source *source, int video, int fd, index_progress *progress,
                void *opaque, struct spn_error *err);

struct index;

/* Map the index in fd, which may be closed afterwards; everything in it is checked. SPN_EFORMAT. */
int index_open(int fd, struct index **out, struct spn_error *err);
/* The same of bytes, which must outlive it. */
int index_open_memory(const void *bytes, size_t size, struct index **out, struct spn_error *err);
void index_close(struct index *index); /* NULL is allowed */

size_t index_stream_count(const struct index *index);
const struct index_stream *index_stream_at(const struct index *index, size_t i); /* borrowed */
/* The entry of this stream of the file, or NULL where it is not kept. */
const struct index_stream *index_stream_of(const struct index *index, int stream);
/* Packet n of a kept stream; n < packets. */
void index_packet_at(const struct index *index, const struct index_stream *stream, uint32_t n,
                     struct index_packet *out);

int index_video(const struct index *index); /* the stream of the picture */
enum index_how index_how(const struct index *index);
uint32_t index_frames(const struct index *index);
void index_frame_at(const struct index *index, uint32_t n,
                    struct index_frame *out); /* n < frames */
int64_t index_end(const struct index *index); /* ticks: where the last frame ends */

/* What was seen while it was made. */
struct index_facts {
    uint32_t frames_seen; /* of the first ones, decoded to look at them */
    uint32_t frames_interlaced, frames_top_first, frames_repeat; /* of those */
    uint32_t undecodable; /* packets before the first frame that decodes */
    uint32_t corrupt;     /* packets that the container calls damaged */
    uint32_t jumps;       /* jumps of the timestamps that were closed */
    int untimed;          /* the source has no times: pts counts frames */
    int incomplete;       /* the file ends in the middle of what it announces */
    int telecined; /* the fields of the frames that were looked at repeat as 3:2 pulldown has it */
};
const struct index_facts *index_facts(const struct index *index); /* borrowed */

#endif
