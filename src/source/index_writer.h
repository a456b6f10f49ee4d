/*
 * index_writer.h - the bytes of a packet index, written front to back in bounded memory.
 */
#ifndef SAMPAN_SOURCE_INDEX_WRITER_H
#define SAMPAN_SOURCE_INDEX_WRITER_H

#include "packet_index.h"

struct index_writer;

/* fd is empty; the header is written last. */
int index_writer_create(int fd, const struct source *source, struct index_writer **out,
                        struct spn_error *err);
void index_writer_destroy(struct index_writer *writer); /* NULL is allowed */

int index_writer_packet(struct index_writer *writer, int stream, const struct index_packet *packet,
                        struct spn_error *err);
/* Frames come after all packets, in presentation order. */
int index_writer_frame(struct index_writer *writer, const struct index_frame *frame,
                       struct spn_error *err);

struct index_summary {
    int video;
    enum index_how how;
    int64_t end;
    int64_t time_num, time_den; /* of the picture, 0: as the stream has it */
    struct index_facts facts;
};
int index_writer_finish(struct index_writer *writer, const struct index_summary *summary,
                        struct spn_error *err);

/* Write the facts of a finished index anew. */
int index_writer_facts(struct index_writer *writer, const struct index_facts *facts,
                       struct spn_error *err);

#endif
