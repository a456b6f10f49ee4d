/*
 * instance.h - one running control: its data directory, its database, its clock and its chance.
 *
 * Everything in control/ that touches time or makes a name is given the instance, so that a test
 * holds both.
 */
#ifndef CONTROL_INSTANCE_H
#define CONTROL_INSTANCE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "sampan/error.h"
#include "sampan/file.h"
#include "sampan/id.h"
#include "store/store.h"

#define LAYOUT_VERSION 1 /* of the data directory: DIR/layout */

struct instance {
    char data_dir[SPN_PATH_MAX / 2]; /* absolute, so that every path below fits */
    struct store *store;
    int64_t started_ms;

    int64_t gc_grace_ms;    /* nothing younger is collected */
    int64_t upload_keep_ms; /* an upload nobody continues */
    int64_t upload_sync; /* bytes of an upload between two syncs, so much is sent again at most */
    int64_t room_min;    /* bytes that stay free, on a small disk a twentieth of it */
    int lease_s;
    int segment_gops; /* target length of a segment; 0: the usual */

    /* Clock, room on the disk and random; NULL: the machine's. */
    int64_t (*clock_ms)(void *opaque);
    int64_t (*room)(void *opaque);
    void (*chance)(void *opaque, uint8_t *out, size_t size);
    void *opaque;

    /* Something happened that a waiting request may wait for; NULL: nobody waits. */
    void (*wake)(void *opaque);
    void *wake_opaque;

    pthread_mutex_t publish_lock; /* one publication is made at a time */
    /* The last that could not be made, and why: whoever asked for it may ask after its row is gone.
     */
    char publish_failed[SPN_ID_MAX];
    struct spn_error publish_why;
};

/* Defaults, and the absolute form of data_dir; the directory must exist. */
int instance_init(struct instance *instance, const char *data_dir, struct spn_error *err);
void instance_finish(struct instance *instance);

int64_t instance_now_ms(const struct instance *instance);
/* A new id. place > 0: ids made with one now_ms sort by their places (up to 65535). */
void instance_id(const struct instance *instance, const char *kind, int64_t now_ms, int place,
                 char out[SPN_ID_MAX]);
void instance_random(const struct instance *instance, uint8_t *out, size_t size);
void instance_wake(const struct instance *instance);

/* DATA_DIR/NAME. SPN_ELIMIT: does not fit. */
int instance_path(const struct instance *instance, char *out, size_t size, const char *name,
                  struct spn_error *err);
/* Bytes free for us on the data directory's disk; what may be written of them, negative for
 * nothing. */
int64_t instance_free(const struct instance *instance);
int64_t instance_room(const struct instance *instance);
/*
 * Is less than INSTANCE_FULL free? Then a database that lies on the same disk cannot even write
 * down that a job is paused; 256 of SQLite's pages are more than any transaction of ours takes.
 */
#define INSTANCE_FULL (1 << 20) /* bytes */
int instance_full(const struct instance *instance);

/*
 * Make the folders of the data directory that are missing and its version file; take the lock that
 * keeps a second control out (*lock becomes its descriptor; lock NULL: not asked for).
 * SPN_EUNSUPPORTED: made by a newer version. SPN_ECONFLICT: another control runs on it.
 */
int layout_open(const struct instance *instance, int *lock, struct spn_error *err);

#endif
