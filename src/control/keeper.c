/* keeper.c - the housekeeping thread. */
#include "keeper.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gc/pieces.h"
#include "http/answered.h"
#include "log.h"
#include "publish/publish.h"
#include "upload/upload.h"

#define ROUND_S  5  /* at least this often */
#define EXPIRE_S 60 /* what has a date */

struct keeper {
    struct instance *instance;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t something;
    int woken, ended;
};

/* The original of a file that was moved goes once the source is kept, however often we were killed.
 */
static int originals_remove(struct instance *instance, struct db *db, struct spn_error *err)
{
    for (;;) {
        char id[SPN_ID_MAX] = "", path[SPN_PATH_MAX] = "";
        struct rows *rows = NULL;
        int ret;

        if ((ret = db_query(db,
                            "SELECT id, remove_path FROM ingest WHERE remove_path IS NOT NULL"
                            " AND asset IS NOT NULL ORDER BY id LIMIT 1",
                            DB_NONE, &rows, err)) < 0)
            return ret;
        if ((ret = rows_next(rows, err)) > 0) {
            (void)strncpy(id, rows_text(rows, 0), sizeof(id) - 1);
            (void)strncpy(path, rows_text(rows, 1), sizeof(path) - 1);
        }
        rows_close(rows);
        if (ret <= 0)
            return ret;
        if (spn_file_remove(path, err) < 0)
            log_warn("cannot remove the original of a moved file", LOG_TEXT("path", path),
                     LOG_TEXT("detail", err ? err->text : ""));
        if ((ret = db_run(db, "UPDATE ingest SET remove_path = NULL WHERE id = $1",
                          DB_ARGS(db_text(id)), NULL, err)) < 0)
            return ret;
        (void)instance;
    }
}

int keeper_round(struct instance *instance, struct spn_error *err)
{
    struct db *db;
    int ret;

    if ((ret = store_db(instance->store, &db, err)) < 0 || (ret = publish_all(instance, err)) < 0 ||
        (ret = originals_remove(instance, db, err)) < 0)
        return ret;
    return pieces_remove(instance, db, err);
}

static void keeper_expire(struct instance *instance)
{
    struct spn_error err = { 0 };
    struct db *db;

    if (store_db(instance->store, &db, &err) < 0 || answered_expire(instance, db, &err) < 0 ||
        upload_expire(instance, db, &err) < 0)
        log_warn("what has expired could not be removed", LOG_TEXT("detail", err.text));
}

static void *keeper_run(void *opaque)
{
    struct keeper *keeper = opaque;
    time_t expired = 0;

    (void)pthread_mutex_lock(&keeper->lock);
    while (!keeper->ended) {
        struct spn_error err = { 0 };
        struct timespec now, until;

        keeper->woken = 0;
        (void)pthread_mutex_unlock(&keeper->lock);
        if (keeper_round(keeper->instance, &err) < 0)
            log_warn("a round of housekeeping did not end well", LOG_TEXT("detail", err.text));
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (!expired || now.tv_sec - expired >= EXPIRE_S) {
            expired = now.tv_sec;
            keeper_expire(keeper->instance);
        }
        until = now;
        until.tv_sec += ROUND_S;
        (void)pthread_mutex_lock(&keeper->lock);
        while (!keeper->woken && !keeper->ended &&
               pthread_cond_timedwait(&keeper->something, &keeper->lock, &until) == 0)
            continue;
    }
    (void)pthread_mutex_unlock(&keeper->lock);
    return NULL;
}

int keeper_start(struct instance *instance, struct keeper **out, struct spn_error *err)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    pthread_condattr_t attr;

    *out = NULL;
    if (!keeper)
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    keeper->instance = instance;
    (void)pthread_mutex_init(&keeper->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&keeper->something, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&keeper->thread, NULL, keeper_run, keeper) != 0) {
        free(keeper);
        return spn_error_set(err, SPN_EAGAIN, "cannot start a thread");
    }
    *out = keeper;
    return SPN_OK;
}

void keeper_wake(struct keeper *keeper)
{
    if (!keeper)
        return;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->woken = 1;
    (void)pthread_cond_signal(&keeper->something);
    (void)pthread_mutex_unlock(&keeper->lock);
}

void keeper_stop(struct keeper *keeper)
{
    if (!keeper)
        return;
    (void)pthread_mutex_lock(&keeper->lock);
    keeper->ended = 1;
    (void)pthread_cond_signal(&keeper->something);
    (void)pthread_mutex_unlock(&keeper->lock);
    (void)pthread_join(keeper->thread, NULL);
    (void)pthread_cond_destroy(&keeper->something);
    (void)pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}
