/*
 * sampan/file.h - all file work that must survive a power cut.
 *
 * Everything that Sampan keeps is made the same way: written under a temporary name in DIR/tmp,
 * synced, renamed into place, and the directory of its new name synced. Programs do no such work by
 * hand: they use these functions, which a test can record and replay up to any point.
 * Paths are UTF-8 byte strings. No function follows a symbolic link in the last part of a path it
 * creates.
 */
#ifndef SAMPAN_FILE_H
#define SAMPAN_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sampan/buffer.h"
#include "sampan/error.h"
#include "sampan/id.h"

#define SPN_PATH_MAX 4096

/* A file being made: it has a temporary name until it is committed. One thread at a time. */
struct spn_file;

/*
 * Create a new temporary file in directory tmp_dir (which exists). mode is as for open(2).
 * *out goes to spn_file_commit() and then spn_file_destroy(), or straight to destroy, which removes
 * the temporary file unless it was committed.
 */
int spn_file_create(const char *tmp_dir, unsigned mode, struct spn_file **out,
                    struct spn_error *err);
int spn_file_write(struct spn_file *file, const void *bytes, size_t size, struct spn_error *err);
/* Append size bytes of from_fd starting at offset, in the kernel where it can (copy_file_range). */
int spn_file_copy(struct spn_file *file, int from_fd, uint64_t offset, uint64_t size,
                  struct spn_error *err);
/* The whole of from_fd as a reflink where the file system can, else SPN_EUNSUPPORTED. */
int spn_file_clone(struct spn_file *file, int from_fd, struct spn_error *err);
/* The descriptor, borrowed: for a child that writes. What it writes counts at the next commit. */
int spn_file_fd(const struct spn_file *file);
const char *spn_file_path(const struct spn_file *file); /* the temporary path, borrowed */
uint64_t spn_file_size(const struct spn_file *file);    /* bytes as fstat has it */

/*
 * Sync the file, make the directories of path (synced each), rename the file to path, sync the
 * directory. After SPN_OK it is there for good. An existing file of that name is replaced in one
 * step. The caller still destroys file. After a failure path has its old contents or the new ones,
 * whole, but which of them is not known to be on the disk.
 */
int spn_file_commit(struct spn_file *file, const char *path, struct spn_error *err);
/*
 * The same for several files at once: all are synced before the first is renamed. After a failure
 * some of the names may have their new contents, each whole.
 */
int spn_file_commit_all(struct spn_file *const files[], const char *const paths[], size_t count,
                        struct spn_error *err);
void spn_file_destroy(struct spn_file *file); /* NULL is allowed */

/*
 * A file that comes in parts, over hours or days, under the name that it keeps until somebody takes
 * it: an upload. What was written before a spn_file_sync() that answered SPN_OK is there for good;
 * later bytes are there, or not, or in part, or as zeros: after the power failed the size of the
 * file says nothing, and whoever needs to know how much is there for good keeps it elsewhere.
 */
/* Make one, empty; its name is there for good. SPN_EEXIST: there is a file of that name. */
int spn_file_begin(const char *path, unsigned mode, struct spn_error *err);
/*
 * Go on at its end, with spn_file_write() and spn_file_sync(); *out goes to spn_file_destroy(),
 * which leaves the file where it is. SPN_EAGAIN: somebody else is writing to it. SPN_ENOENT.
 */
int spn_file_resume(const char *path, struct spn_file **out, struct spn_error *err);
int spn_file_sync(struct spn_file *file, struct spn_error *err);
/* Give up what lies behind size. SPN_ERANGE: the file is shorter. */
int spn_file_truncate(struct spn_file *file, uint64_t size, struct spn_error *err);

/* Write bytes as path through a temporary file in tmp_dir: create, write, commit. */
int spn_file_put(const char *tmp_dir, const char *path, unsigned mode, const void *bytes,
                 size_t size, struct spn_error *err);
/* Read the whole file, at most limit bytes (SPN_ELIMIT), appended to out. */
int spn_file_get(const char *path, uint64_t limit, struct spn_buffer *out, struct spn_error *err);
/* Remove and sync the directory. A file that is not there is SPN_OK. */
int spn_file_remove(const char *path, struct spn_error *err);
/*
 * mkdir -p. The parent of each new directory is synced, and the parent of path itself even where
 * path was there: whoever is making it at this moment may not have come to that yet.
 */
int spn_file_mkdirs(const char *path, unsigned mode, struct spn_error *err);
/* SHA-256 of the whole file fd from its start, read with pread; *size its bytes (may be NULL). */
int spn_file_hash(int fd, struct spn_hash *out, uint64_t *size, struct spn_error *err);

/*
 * Where a name lies below a root: "ROOT/FOLDER/ab/NAME.SUFFIX", fanned out by two letters: the
 * first two of a hash, the last two of an id (its first are a clock). suffix may be "" or like
 * ".vtt". SPN_EINVAL: name is not made of lower-case letters, digits and "_". SPN_ELIMIT: longer
 * than out.
 */
int spn_file_place(char *out, size_t size, const char *root, const char *folder, const char *name,
                   const char *suffix, struct spn_error *err);

/*
 * For tests: every operation above that opens, makes or changes something goes through this table.
 * The real one is the default; a recorder wraps it. Set before any thread starts.
 * tests/unit/base/powerloss.h says how a record is replayed. All answer as the system calls do: -1
 * and errno.
 */
struct spn_file_ops {
    int (*open)(const char *path, int flags, mode_t mode);
    ssize_t (*write)(int fd, const void *bytes, size_t size);
    ssize_t (*copy)(int from_fd, off_t *offset, int to_fd, size_t size); /* copy_file_range */
    int (*clone)(int to_fd, int from_fd);                                /* FICLONE */
    int (*truncate)(int fd, off_t size);                                 /* ftruncate */
    int (*fsync)(int fd);
    int (*rename)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*mkdir)(const char *path, mode_t mode);
    int (*close)(int fd);
};

extern const struct spn_file_ops spn_file_ops_real;
void spn_file_ops_set(const struct spn_file_ops *ops); /* NULL: the real ones */

#endif
