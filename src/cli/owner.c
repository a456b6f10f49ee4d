#include "owner.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATA_MODE 0750

static int is_empty(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int count = 0;

    if (!dir)
        return 0;
    while ((entry = readdir(dir)))
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(dir);
    return count == 0;
}

/* Whom a new directory is made for. */
static const struct passwd *user_find(const struct settings *settings, struct spn_error *err)
{
    const struct passwd *user;

    if (settings->user[0]) {
        user = getpwnam(settings->user);
        if (!user)
            spn_error_set(err, SPN_ENOENT, "there is no user %s on this machine", settings->user);
    } else {
        user = getpwnam("sampan");
        user = user ? user : getpwnam("nobody");
        if (!user)
            spn_error_set(err, SPN_ENOENT,
                          "there is no user sampan or nobody: name one with --user");
    }
    if (user && user->pw_uid == 0) {
        spn_error_set(err, SPN_EACCES,
                      "Sampan does not run as root: name another user with --user");
        return NULL;
    }
    return user;
}

static int directory_give(const struct settings *settings, struct stat *st, struct spn_error *err)
{
    const struct passwd *user = user_find(settings, err);

    if (!user)
        return err ? err->code : SPN_ENOENT;
    if (chown(settings->data, user->pw_uid, user->pw_gid) < 0 ||
        chmod(settings->data, DATA_MODE) < 0 || stat(settings->data, st) < 0)
        return spn_error_errno(err, errno, "cannot give %s to the user %s", settings->data,
                               user->pw_name);
    return SPN_OK;
}

static int become(const char *data, uid_t uid, gid_t gid, struct spn_error *err)
{
    const struct passwd *user = getpwuid(uid);
    char name[64];

    (void)snprintf(name, sizeof(name), "%s", user ? user->pw_name : "");
    if (!name[0])
        (void)snprintf(name, sizeof(name), "%u", (unsigned)uid);
    if ((user ? initgroups(user->pw_name, gid) : setgroups(0, NULL)) < 0 || setgid(gid) < 0 ||
        setuid(uid) < 0)
        return spn_error_errno(err, errno, "cannot go on as the user %s", name);
    (void)prctl(PR_SET_DUMPABLE, 1); /* or /proc/self would stay root's */
    if (user)
        (void)setenv("HOME", user->pw_dir, 1);
    (void)setenv("USER", name, 1);
    if (access(data, R_OK | W_OK | X_OK) < 0)
        return spn_error_set(err, SPN_EACCES,
                             "the user %s, who owns %s, cannot get into it: let it through the "
                             "directories above, with chmod a+x",
                             name, data);
    if (chdir(data) < 0) /* the one we were started in may be closed to it */
        return spn_error_errno(err, errno, "cannot use %s", data);
    return SPN_OK;
}

int owner_become(const struct settings *settings, struct spn_error *err)
{
    struct stat st;
    int ret, made = 0;

    if (stat(settings->data, &st) < 0) {
        if (errno != ENOENT)
            return spn_error_errno(err, errno, "cannot use the data directory %s", settings->data);
        if ((ret = spn_file_mkdirs(settings->data, DATA_MODE, err)) < 0)
            return ret;
        made = 1;
        if (stat(settings->data, &st) < 0)
            return spn_error_errno(err, errno, "cannot use the data directory %s", settings->data);
    }
    if (!S_ISDIR(st.st_mode))
        return spn_error_set(err, SPN_EINVAL, "%s is no directory: name another with --data",
                             settings->data);
    if (geteuid() != 0) {
        if (access(settings->data, R_OK | W_OK | X_OK) < 0)
            return spn_error_errno(err, errno, "cannot use the data directory %s", settings->data);
        return SPN_OK;
    }
    if (st.st_uid == 0 && (made || is_empty(settings->data)) &&
        (ret = directory_give(settings, &st, err)) < 0)
        return ret;
    if (st.st_uid == 0)
        return spn_error_set(
            err, SPN_EACCES,
            "%s belongs to root, and Sampan does not run as root: give it to another "
            "user with `chown -R USER %s`, or name another directory with --data",
            settings->data, settings->data);
    return become(settings->data, st.st_uid, st.st_gid, err);
}
