/* text_file.h - a file of subtitles that lies beside a source. */
#ifndef SAMPAN_ENCODE_TEXT_FILE_H
#define SAMPAN_ENCODE_TEXT_FILE_H

#include "sampan/buffer.h"
#include "sampan/error.h"

/* Append all of the file; name is for the sentence. SPN_ELIMIT: above TEXT_BYTES_MAX. */
int text_file_read(int fd, const char *name, struct spn_buffer *out, struct spn_error *err);

/*
 * Whether its text can be read, by reading it: what text_read() refuses is refused here, before
 * there is an asset that could fail by it.
 */
int text_file_check(int fd, const char *name, struct spn_error *err);

#endif
