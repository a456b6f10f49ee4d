/* instance.c - clock, chance and paths of a running control. */
#include "instance.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <errno.h>

#define HOUR_MS 3600000LL

int instance_init(struct instance *instance, const char *data_dir, struct spn_error *err)
{
    char real[PATH_MAX];

    memset(instance, 0, sizeof(*instance));
    if (sodium_init() < 0)
        return spn_error_set(err, SPN_EIO, "libsodium cannot be started");
    if (!realpath(data_dir, real))
        return spn_error_errno(err, errno, "cannot open the data directory %s", data_dir);
    if (strlen(real) >= sizeof(instance->data_dir))
        return spn_error_set(err, SPN_ELIMIT, "the path of the data directory %s is too long",
                             data_dir);
    memcpy(instance->data_dir, real, strlen(real) + 1);
    instance->gc_grace_ms = 24 * HOUR_MS;
    instance->upload_keep_ms = 24 * HOUR_MS;
    instance->upload_sync = 64 << 20;
    instance->room_min = 512 << 20;
    instance->lease_s = 60;
    (void)pthread_mutex_init(&instance->publish_lock, NULL);
    instance->started_ms = instance_now_ms(instance);
    return SPN_OK;
}

void instance_finish(struct instance *instance)
{
    store_close(instance->store);
    instance->store = NULL;
    (void)pthread_mutex_destroy(&instance->publish_lock);
}

int64_t instance_now_ms(const struct instance *instance)
{
    struct timespec now;

    if (instance->clock_ms)
        return instance->clock_ms(instance->opaque);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void instance_random(const struct instance *instance, uint8_t *out, size_t size)
{
    if (instance->chance)
        instance->chance(instance->opaque, out, size);
    else
        randombytes_buf(out, size);
}

void instance_id(const struct instance *instance, const char *kind, int64_t now_ms, int place,
                 char out[SPN_ID_MAX])
{
    uint8_t random80[10];

    instance_random(instance, random80, sizeof(random80));
    if (place > 0) { /* 64 random bits are left */
        random80[0] = (uint8_t)(place >> 8);
        random80[1] = (uint8_t)place;
    }
    spn_id_format(kind, now_ms, random80, out);
}

void instance_wake(const struct instance *instance)
{
    if (instance->wake)
        instance->wake(instance->wake_opaque);
}

int instance_path(const struct instance *instance, char *out, size_t size, const char *name,
                  struct spn_error *err)
{
    int length = snprintf(out, size, "%s/%s", instance->data_dir, name);

    if (length < 0 || (size_t)length >= size)
        return spn_error_set(err, SPN_ELIMIT, "the path %s/%s is too long", instance->data_dir,
                             name);
    return SPN_OK;
}

int64_t instance_free(const struct instance *instance)
{
    struct statvfs fs;

    if (statvfs(instance->data_dir, &fs) < 0)
        return 0;
    return (int64_t)(fs.f_bavail * fs.f_frsize);
}

int64_t instance_room(const struct instance *instance)
{
    struct statvfs fs;
    int64_t kept = instance->room_min, part;

    if (instance->room)
        return instance->room(instance->opaque);
    if (statvfs(instance->data_dir, &fs) < 0)
        return -1;
    part = (int64_t)(fs.f_blocks * fs.f_frsize / 20);
    return (int64_t)(fs.f_bavail * fs.f_frsize) - (part < kept ? part : kept);
}

int instance_full(const struct instance *instance)
{
    if (instance->room)
        return instance->room(instance->opaque) < INSTANCE_FULL - instance->room_min;
    return instance_free(instance) < INSTANCE_FULL;
}
