/*
 * powerloss.h - what a disk may hold after the power fails, from a record of spn_file_ops.
 *
 * In one process: every operation goes to the real table too, and is written down with its bytes.
 * After a cut, only what POSIX promises is certain: a file's bytes as of its last fsync, and a name
 * as of the last fsync of its directory. All else is there, or not, or in part, as the seed has it:
 * a file's later bytes are cut anywhere or turned to zeros, and of names made, renamed and removed
 * since, any subset took place. (Whole programs are recorded by tests/scenario/loss, which preloads
 * a recorder.)
 */
#ifndef TESTS_BASE_POWERLOSS_H
#define TESTS_BASE_POWERLOSS_H

#include <stddef.h>
#include <stdint.h>

#include "sampan/file.h"

/* Begin a record of what happens below root, a directory; what is there already is taken as
 * durable. */
void powerloss_start(const char *root);
/* The table to give to spn_file_ops_set(). */
extern const struct spn_file_ops powerloss_ops;
/* Leave the nth fsync from now out, 1 the next: neither done nor written down. 0: none. */
void powerloss_skip(unsigned nth);
/* Operations so far: a cut at this number is after the last of them. */
size_t powerloss_count(void);
/*
 * What root may be after a cut at `cut`. powerloss_get() gives the bytes of a name below root,
 * borrowed until the next call, or NULL where it is not there.
 */
struct powerloss_disk *powerloss_replay(size_t cut, uint64_t seed);
const uint8_t *powerloss_get(struct powerloss_disk *disk, const char *name, size_t *size);
void powerloss_disk_destroy(struct powerloss_disk *disk);
void powerloss_finish(void);

#endif
