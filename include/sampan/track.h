/*
 * sampan/track.h - one CMAF track file: a header followed by fragments.
 *
 * ISO/IEC 23000-19 (CMAF, structural brand cmf2) over ISO/IEC 14496-12. A track file holds one
 * track: ftyp, moov, sidx, then moof + mdat once per fragment. A video fragment is one closed GOP,
 * its first sample an IDR (or AV1 key) picture; earliest presentation time == tfdt; no edit list;
 * trun version 1 with negative composition offsets. All that depends on the composition
 * (sequence_number and decode time) lies before trun:
 *
 *     moof size 8 | mfhd 16 | traf 8 | tfhd 28 | tfdt version 1 20 | trun …
 *
 * so that a prefix of SPN_PREFIX_SIZE bytes may be replaced and everything after it stays true.
 */
#ifndef SAMPAN_TRACK_H
#define SAMPAN_TRACK_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/buffer.h"
#include "sampan/error.h"
#include "sampan/id.h"
#include "sampan/time.h"

/* 10 hours of 2 s fragments are 18,000; a day of one-second ones 86,400. */
#define SPN_FRAGMENTS_MAX     200000
#define SPN_SAMPLES_MAX       4096         /* in a fragment: 120 frames are the most by contract */
#define SPN_FRAGMENT_SIZE_MAX (256u << 20) /* bytes: 2 s of 1 Gb/s */
#define SPN_HEADER_SIZE_MAX   (64u << 10)  /* bytes of ftyp and moov */
#define SPN_PREFIX_SIZE       80           /* 8 + 16 + 8 + 28 + 20 */

enum spn_media { SPN_VIDEO = 1, SPN_AUDIO = 2, SPN_TEXT = 3 };
enum spn_codec { SPN_H264 = 1, SPN_HEVC = 2, SPN_AV1 = 3, SPN_AAC = 4, SPN_WEBVTT = 5 };

/* Colour as ISO/IEC 23091-2 numbers it; all zero is "not said" and writes no colr. */
struct spn_colour {
    uint16_t primaries, transfer, matrix;
    uint8_t full_range;
};

/* What a decoder is configured by, and what a manifest says. */
struct spn_track_info {
    enum spn_media media;
    enum spn_codec codec;
    uint32_t timescale;    /* ticks a second: rate.num for video, the sample rate for audio */
    uint32_t sample_ticks; /* duration of every sample: rate.den for video, 1024 for AAC */
    char language[36];     /* BCP 47, "und" where unknown */
    char codecs[64];       /* RFC 6381: "avc1.640028", "mp4a.40.2" */

    /* video */
    uint32_t width, height; /* pixels; always square ones */
    struct spn_rate rate;
    uint32_t gop; /* frames in a whole fragment */
    struct spn_colour colour;

    /* audio */
    uint32_t sample_rate, channels;

    /* avcC, hvcC, av1C payload or AudioSpecificConfig, without any box header; borrowed */
    const uint8_t *config;
    size_t config_size;
    /* HDR: payloads of mdcv (24 bytes) and clli (4 bytes), NULL where there is none; borrowed */
    const uint8_t *mdcv, *clli;
};

/*
 * The decoder configuration record from what an encoder puts out of band: Annex B parameter sets
 * for H.264 and HEVC, sequence header OBUs for AV1, the AudioSpecificConfig for AAC. Appends it to
 * out and writes the RFC 6381 string to codecs. SPN_EFORMAT: the record cannot be made of these
 * bytes.
 */
int spn_config_make(enum spn_codec codec, const uint8_t *extradata, size_t size,
                    struct spn_buffer *out, char codecs[64], struct spn_error *err);

/*
 * One encoded access unit from Annex B to the length-prefixed form of avc1 and hvc1, appended to
 * out. Parameter sets, access unit delimiters, filler and unregistered user data SEI are left out.
 * AV1: temporal delimiters, padding and redundant frame headers are, and every OBU carries its
 * size. AAC: the packet as it is. SPN_EFORMAT: not that, or no picture in it; an ADTS header.
 */
int spn_sample_convert(enum spn_codec codec, const uint8_t *data, size_t size,
                       struct spn_buffer *out, struct spn_error *err);

/*
 * idr_pic_id of an IDR picture of H.264 (7.4.3): two that follow each other in decoding order, as
 * where a fragment is one picture, must differ in it. Other codecs have no such number:
 * SPN_EUNSUPPORTED, as for a track of several parameter sets. SPN_EFORMAT: no IDR picture.
 */
int spn_idr_id(const struct spn_track_info *info, const uint8_t *sample, size_t size, uint32_t *out,
               struct spn_error *err);
/* The same picture with another number, appended to out. SPN_EINVAL: above 65535. */
int spn_idr_renumber(const struct spn_track_info *info, const uint8_t *sample, size_t size,
                     uint32_t id, struct spn_buffer *out, struct spn_error *err);

/*
 * Append ftyp and moov for info: equal info gives equal bytes (no times, no bit rates, no btrt).
 * codecs is not read. SPN_EINVAL: timescale, sample_ticks and gop are not those of the rate
 * (sampan/time.h), or another field makes no sense. SPN_EMISMATCH: config says another sample rate
 * or channels.
 */
int spn_header_write(const struct spn_track_info *info, struct spn_buffer *out,
                     struct spn_error *err);

/* SHA-256 over what a decoder is configured by: media, sample entry, timescale, rate, GOP. */
int spn_compat_id(const struct spn_track_info *info, struct spn_hash *out, struct spn_error *err);

struct spn_sample {
    const uint8_t *data; /* borrowed */
    uint32_t size;
    int32_t offset; /* composition offset in ticks: presentation minus decode time */
    int sync;
};

/*
 * Append one fragment (moof and mdat) of count samples, each info->sample_ticks long. The first
 * sample of a video fragment, and no other, must be sync, and it is shown first, at the decode
 * time; each sample has a frame's place of its own, so that the fragment has no gap and no overlap.
 * At most info->gop samples in video, SPN_SAMPLES_MAX in audio. SPN_EINVAL says which sample breaks
 * that.
 */
int spn_fragment_write(const struct spn_track_info *info, uint32_t sequence_number,
                       uint64_t decode_ticks, const struct spn_sample *samples, size_t count,
                       struct spn_buffer *out, struct spn_error *err);

struct spn_fragment {
    int64_t start;      /* ticks of the track's timescale; earliest presentation time */
    int64_t duration;   /* ticks, > 0; start + duration is the next fragment's start */
    uint64_t offset;    /* bytes in the file, of the moof */
    uint32_t size;      /* bytes, moof and mdat together */
    uint32_t moof_size; /* bytes of the moof; the first sample is at offset + moof_size + 8 */
    uint32_t first_sample_size; /* bytes */
    uint32_t samples;           /* count, > 0 */
};

/*
 * Put together a whole track file from pieces: each a file of ftyp, moov and fragments without
 * sidx, as chunks are encoded. Headers must be the same to the byte in all of them (SPN_EMISMATCH
 * names the piece), sequence numbers and decode times must follow each other. write is called in
 * order with bytes, or with bytes NULL for size bytes of piece index at offset (to be copied in the
 * kernel).
 */
typedef int spn_track_write(void *opaque, const uint8_t *bytes, size_t piece, uint64_t offset,
                            uint64_t size, struct spn_error *err);
struct spn_piece {
    int fd;           /* borrowed, read with pread */
    const char *name; /* for the sentence */
};
int spn_track_assemble(const struct spn_piece *pieces, size_t count, spn_track_write *write,
                       void *opaque, struct spn_error *err);

struct spn_track; /* never changes once open: any number of threads may read it */

/*
 * Open the track file at path and read its header and index; sample data is not touched, every moof
 * is read. A piece (no sidx, not from number 1 nor time 0) opens too, and so do bridges (short
 * fragments). *out belongs to the caller and goes to spn_track_close(); on failure it is NULL.
 * SPN_ENOENT: no such file. SPN_EFORMAT: not a CMAF track of ours, err->text names the box and
 * where it is. SPN_ELIMIT: more than one of the limits above. Also SPN_EIO, SPN_ENOMEM.
 */
int spn_track_open(const char *path, struct spn_track **out, struct spn_error *err);
/* The same of bytes in memory, which must outlive the track; name is for the sentence. */
int spn_track_open_memory(const void *bytes, size_t size, const char *name, struct spn_track **out,
                          struct spn_error *err);
void spn_track_close(struct spn_track *track); /* NULL is allowed */

const struct spn_track_info *spn_track_info(const struct spn_track *track); /* borrowed */
const struct spn_fragment *spn_track_all(const struct spn_track *track, size_t *count);
/* ftyp and moov, which is the initialization segment; borrowed. */
const uint8_t *spn_track_header(const struct spn_track *track, size_t *size);
int64_t spn_track_duration(const struct spn_track *track); /* ticks */
/* The fragments that cover [from, to) ticks, *count of them, possibly 0; borrowed from the track.
 */
const struct spn_fragment *spn_track_fragments(const struct spn_track *track, int64_t from,
                                               int64_t to, size_t *count);

struct spn_sample_place {
    uint64_t offset; /* bytes in the file */
    uint32_t size;
    int32_t composition; /* ticks */
    int sync;
};
/* The samples of fragment index, in decode order; at most max are written, the count is returned.
 */
int spn_track_samples(const struct spn_track *track, size_t index, struct spn_sample_place *out,
                      size_t max, struct spn_error *err);

/* The SPN_PREFIX_SIZE bytes for a fragment in another place of another timeline. */
void spn_prefix_write(const struct spn_track_info *info, uint32_t moof_size,
                      uint32_t sequence_number, uint64_t decode_ticks,
                      uint8_t out[SPN_PREFIX_SIZE]);
/*
 * A moof of one sample and the head of its mdat, for an I-frame segment: append the prefix, trun
 * and mdat header that are followed by sample_size bytes of the first sample. It lasts duration
 * ticks.
 */
void spn_iframe_write(const struct spn_track_info *info, uint32_t sequence_number,
                      uint64_t decode_ticks, uint32_t duration, uint32_t sample_size,
                      struct spn_buffer *out);

/*
 * Does the file keep every rule of the contract? report is called once per broken rule with the
 * rule's stable name ("cmaf.tfdt.continuous", …) and a sentence; the count of broken rules is
 * returned, or a negative code where the file could not be read at all.
 */
typedef void spn_track_report(void *opaque, const char *rule, const char *text);
int spn_track_check(const char *path, spn_track_report *report, void *opaque,
                    struct spn_error *err);
int spn_track_check_memory(const void *bytes, size_t size, const char *name,
                           spn_track_report *report, void *opaque, struct spn_error *err);

#endif
