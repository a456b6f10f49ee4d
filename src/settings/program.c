#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The directory of the program that runs, without a slash at its end. */
static int own_directory(char out[SPN_PATH_MAX], struct spn_error *err)
{
    ssize_t length = readlink("/proc/self/exe", out, SPN_PATH_MAX - 1);
    char *slash;

    if (length < 0)
        return spn_error_errno(err, errno, "cannot tell where this program is");
    out[length] = '\0';
    slash = strrchr(out, '/');
    if (!slash)
        return spn_error_set(err, SPN_EIO, "cannot tell where this program is");
    *slash = '\0';
    return SPN_OK;
}

/* DIR/PLACE/NAME made plain, if it is there. */
static int look(const char *dir, const char *place, const char *name, char out[SPN_PATH_MAX])
{
    char path[3 * SPN_PATH_MAX], *real;

    (void)snprintf(path, sizeof(path), "%s%s/%s", dir, place, name);
    real = realpath(path, NULL);
    if (!real)
        return 0;
    (void)snprintf(out, SPN_PATH_MAX, "%s", real);
    free(real);
    return 1;
}

int program_find(const char *name, char out[SPN_PATH_MAX], struct spn_error *err)
{
    /* clang-format off */
    static const char *const places[] = {
        "", "/../libexec/sampan", ("/../" SAMPAN_LIBDIR "/sampan"), ("/../../" SAMPAN_LIBDIR "/sampan"),
        "/../worker", "/../encode", "/../control", "/../deliver", "/../cli", "/../..",
    };
    /* clang-format on */
    const char *libexec = getenv("SAMPAN_LIBEXEC");
    char own[SPN_PATH_MAX];
    int ret;

    if ((ret = own_directory(own, err)) < 0)
        return ret;
    if (libexec && libexec[0] && look(libexec, "", name, out))
        return SPN_OK;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (look(own, places[i], name, out))
            return SPN_OK;
    return spn_error_set(err, SPN_ENOENT,
                         "%s is not installed: it was looked for beside %.200s, in "
                         "../libexec/sampan and ../" SAMPAN_LIBDIR
                         "/sampan from there, and in SAMPAN_LIBEXEC",
                         name, own);
}

int program_share(const char *name, char out[SPN_PATH_MAX], struct spn_error *err)
{
    static const char *const places[] = { "/../share/sampan", "/../../share/sampan", "/../../.." };
    char own[SPN_PATH_MAX], built[64];
    int ret;

    if ((ret = own_directory(own, err)) < 0)
        return ret;
    for (size_t i = 0; i < 2; i++)
        if (look(own, places[i], name, out))
            return SPN_OK;
    (void)snprintf(built, sizeof(built), "%s/dist", name);
    if (look(own, places[2], built, out))
        return SPN_OK;
    return spn_error_set(err, SPN_ENOENT, "share/sampan/%s is not installed", name);
}
