/*
 * reader.h - the packets of a source, one after the other, counted.
 *
 * A reader has a demuxer of its own. Read from the start, it gives the same packets in every
 * process; entered in the middle, it finds out which packet it is at by comparing with the index.
 */
#ifndef SAMPAN_SOURCE_READER_H
#define SAMPAN_SOURCE_READER_H

#include "packet_index.h"

struct reader;

/* stream -1: every stream that is kept. *out goes to reader_close(). The source must outlive it. */
int reader_open(const struct source *source, int stream, struct reader **out,
                struct spn_error *err);
void reader_close(struct reader *reader); /* NULL is allowed */

/*
 * The next packet into *packet, which the caller unreferences: 1, or 0 at the end. *number (may be
 * NULL) counts the packets of its stream from 0. A damaged stretch that the demuxer cannot cross is
 * an end.
 */
int reader_read(struct reader *reader, AVPacket *packet, uint32_t *number, struct spn_error *err);

/*
 * Go on with packet number of the reader's only stream: 1 when entered there, 0 when the file was
 * read from its start, because it cannot be entered or seek is 0. SPN_EMISMATCH, then or when
 * reading on: the packets are not those of the index.
 */
int reader_enter(struct reader *reader, const struct index *index, uint32_t number, int seek,
                 struct spn_error *err);

int64_t reader_position(const struct reader *reader); /* bytes of the file that were read, about */
int reader_damaged(const struct reader *reader);      /* it ended before the file's own end */

/* A check value over the bytes of a packet. */
uint32_t packet_hash(const uint8_t *data, size_t size);

#endif
