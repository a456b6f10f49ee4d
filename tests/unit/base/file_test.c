/* file_test.c - files that are made whole or not at all. */
#include "rows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sampan/file.h"

static char root[256]; /* a directory of this run, with tmp/ in it */

static const char *at(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
    return path;
}

static size_t entries(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

static void assert_file(const char *path, const void *bytes, size_t size)
{
    struct spn_buffer got = { 0 };
    struct spn_error err = { 0 };

    if (spn_file_get(path, 1u << 24, &got, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(got.size, size);
    assert_memory_equal(got.data, bytes, size);
    spn_buffer_finish(&got);
}

/* ---- what it does ---- */

static void put_get(void **state)
{
    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("a/b/c"), 0640, "one", 3, NULL), SPN_OK);
    assert_file(at("a/b/c"), "one", 3);
    assert_int_equal(spn_file_put(at("tmp"), at("a/b/c"), 0640, "two!", 4, NULL), SPN_OK);
    assert_file(at("a/b/c"), "two!", 4);
    assert_int_equal(entries(at("tmp")), 0);
    assert_int_equal(entries(at("a/b")), 1);
}

static void put_empty(void **state)
{
    struct spn_buffer got = { 0 };

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("empty"), 0600, NULL, 0, NULL), SPN_OK);
    assert_int_equal(spn_file_get(at("empty"), 0, &got, NULL), SPN_OK);
    assert_int_equal(got.size, 0);
    spn_buffer_finish(&got);
}

static void put_mode(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("secret"), 0600, "x", 1, NULL), SPN_OK);
    assert_int_equal(stat(at("secret"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void destroy_removes(void **state)
{
    struct spn_file *file = NULL;

    (void)state;
    assert_int_equal(spn_file_create(at("tmp"), 0600, &file, NULL), SPN_OK);
    assert_int_equal(spn_file_write(file, "gone", 4, NULL), SPN_OK);
    assert_int_equal(spn_file_size(file), 4);
    assert_int_equal(entries(at("tmp")), 1);
    spn_file_destroy(file);
    spn_file_destroy(NULL);
    assert_int_equal(entries(at("tmp")), 0);
}

static void link_replaced(void **state)
{
    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("target"), 0600, "target", 6, NULL), SPN_OK);
    assert_int_equal(symlink("target", at("link")), 0);
    assert_int_equal(spn_file_put(at("tmp"), at("link"), 0600, "new", 3, NULL), SPN_OK);
    assert_file(at("target"), "target", 6);
    assert_file(at("link"), "new", 3);
}

static void copy_parts(void **state)
{
    struct spn_file *file = NULL;
    int fd;

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("digits"), 0600, "0123456789", 10, NULL), SPN_OK);
    fd = open(at("digits"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(spn_file_create(at("tmp"), 0600, &file, NULL), SPN_OK);
    assert_int_equal(spn_file_copy(file, fd, 7, 3, NULL), SPN_OK);
    assert_int_equal(spn_file_write(file, "-", 1, NULL), SPN_OK);
    assert_int_equal(spn_file_copy(file, fd, 0, 4, NULL), SPN_OK);
    assert_int_equal(spn_file_copy(file, fd, 0, 0, NULL), SPN_OK);
    assert_int_equal(spn_file_commit(file, at("copied"), NULL), SPN_OK);
    spn_file_destroy(file);
    (void)close(fd);
    assert_file(at("copied"), "789-0123", 8);
}

static void copy_short(void **state)
{
    struct spn_file *file = NULL;
    struct spn_error err;
    int fd;

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("digits"), 0600, "0123456789", 10, NULL), SPN_OK);
    fd = open(at("digits"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(spn_file_create(at("tmp"), 0600, &file, NULL), SPN_OK);
    assert_int_equal(spn_file_copy(file, fd, 8, 5, &err), SPN_ERANGE);
    assert_non_null(strstr(err.text, "ends at byte 10, 3 bytes too early"));
    assert_int_equal(spn_file_copy(file, fd, UINT64_MAX, 5, &err), SPN_ERANGE);
    spn_file_destroy(file);
    (void)close(fd);
}

static void get_limit(void **state)
{
    struct spn_buffer got = { 0 };
    struct spn_error err;

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("ten"), 0600, "0123456789", 10, NULL), SPN_OK);
    assert_int_equal(spn_file_get(at("ten"), 9, &got, &err), SPN_ELIMIT);
    assert_non_null(strstr(err.text, "larger than 9 bytes"));
    assert_int_equal(spn_file_get(at("none"), 9, &got, NULL), SPN_ENOENT);
    spn_buffer_finish(&got);
    spn_buffer_string(&got, "before ");
    assert_int_equal(spn_file_get(at("ten"), 10, &got, NULL), SPN_OK);
    assert_string_equal(spn_buffer_text(&got), "before 0123456789");
    spn_buffer_finish(&got);
}

static void remove_twice(void **state)
{
    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("short-lived"), 0600, "x", 1, NULL), SPN_OK);
    assert_int_equal(spn_file_remove(at("short-lived"), NULL), SPN_OK);
    assert_int_equal(access(at("short-lived"), F_OK), -1);
    assert_int_equal(spn_file_remove(at("short-lived"), NULL), SPN_OK);
}

static void mkdirs_in_the_way(void **state)
{
    struct spn_error err;

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("file"), 0600, "x", 1, NULL), SPN_OK);
    assert_int_equal(spn_file_mkdirs(at("file"), 0755, &err), SPN_EEXIST);
    assert_non_null(strstr(err.text, "is not a directory"));
    assert_int_equal(spn_file_mkdirs(at("file/below"), 0755, &err), SPN_ENOENT);
    assert_int_equal(spn_file_mkdirs(at("x//y/z/"), 0755, &err), SPN_OK);
    assert_int_equal(spn_file_mkdirs(at("x/y/z"), 0755, &err), SPN_OK);
    assert_int_equal(access(at("x/y/z"), F_OK), 0);
}

static void hash_file(void **state)
{
    struct spn_hash got, want;
    uint8_t *bytes = malloc(700001);
    uint64_t size = 0;
    int fd;

    (void)state;
    for (size_t i = 0; i < 700001; i++)
        bytes[i] = (uint8_t)(i * 7);
    assert_int_equal(spn_file_put(at("tmp"), at("hashed"), 0600, bytes, 700001, NULL), SPN_OK);
    spn_hash_of(bytes, 700001, &want);
    fd = open(at("hashed"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(lseek(fd, 5, SEEK_SET), 5); /* from its start all the same */
    assert_int_equal(spn_file_hash(fd, &got, &size, NULL), SPN_OK);
    (void)close(fd);
    free(bytes);
    assert_int_equal(size, 700001);
    assert_true(spn_hash_equal(&got, &want));
}

/* ---- where a name lies ---- */

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const struct place_row {
    const char *name, *of, *suffix, *want;
    size_t size;
    int ret;
} places[] = {
    { "a hash is fanned out by its first two letters", HEX, "", "/d/track/ba/" HEX, SPN_PATH_MAX,
      SPN_OK },
    { "an id is fanned out by its last two letters", "title_01hq3v2zj00123456789abcdef", ".vtt",
      "/d/track/ef/title_01hq3v2zj00123456789abcdef.vtt", SPN_PATH_MAX, SPN_OK },
    { "a name with a slash is refused", "../../etc/passwd", "", NULL, SPN_PATH_MAX, SPN_EINVAL },
    { "a name with dots is refused", "..", "", NULL, SPN_PATH_MAX, SPN_EINVAL },
    { "a name of one letter is refused", "a", "", NULL, SPN_PATH_MAX, SPN_EINVAL },
    { "an empty name is refused", "", "", NULL, SPN_PATH_MAX, SPN_EINVAL },
    { "a place that does not fit is refused", HEX, "", NULL, 76, SPN_ELIMIT },
    { "a place that just fits is written", HEX, "", "/d/track/ba/" HEX, 77, SPN_OK },
};

static void place(void **state)
{
    const struct place_row *row = *state;
    char path[SPN_PATH_MAX];

    assert_int_equal(spn_file_place(path, row->size, "/d", "track", row->of, row->suffix, NULL),
                     row->ret);
    if (row->want)
        assert_string_equal(path, row->want);
}

/* ---- what fails, and when ---- */

static int calls_left; /* of the operation that is to fail */
static int fail_errno;
static char order[64]; /* one letter an operation, in order */

static void note(char letter)
{
    size_t length = strlen(order);

    if (length + 1 < sizeof(order))
        order[length] = letter;
}

static int to_fail(void)
{
    errno = fail_errno;
    return --calls_left < 0;
}

static ssize_t write_full(int fd, const void *bytes, size_t size)
{
    if (to_fail())
        return -1;
    return spn_file_ops_real.write(fd, bytes, size > 3 ? 3 : size); /* and never all at once */
}

static ssize_t write_interrupted(int fd, const void *bytes, size_t size)
{
    static int odd;

    if ((odd = !odd)) {
        errno = EINTR;
        return -1;
    }
    return spn_file_ops_real.write(fd, bytes, size > 3 ? 3 : size);
}

static int fsync_fails(int fd)
{
    return to_fail() ? -1 : spn_file_ops_real.fsync(fd);
}

static int rename_fails(const char *from, const char *to)
{
    return to_fail() ? -1 : spn_file_ops_real.rename(from, to);
}

static ssize_t copy_fails(int from_fd, off_t *offset, int to_fd, size_t size)
{
    return to_fail() ? -1 : spn_file_ops_real.copy(from_fd, offset, to_fd, size);
}

static int clone_fails(int to_fd, int from_fd)
{
    (void)to_fd;
    (void)from_fd;
    errno = fail_errno;
    return -1;
}

static const struct failure_row {
    const char *name;
    ssize_t (*write)(int, const void *, size_t);
    int (*fsync)(int);
    int (*rename)(const char *, const char *);
    int after, errnum, want;
} failures[] = {
    { "a full disk at the first byte is SPN_ENOSPC and leaves nothing", write_full, NULL, NULL, 0,
      ENOSPC, SPN_ENOSPC },
    { "a full disk in the middle is SPN_ENOSPC and leaves nothing", write_full, NULL, NULL, 2,
      ENOSPC, SPN_ENOSPC },
    { "a quota reached is SPN_ENOSPC and leaves nothing", write_full, NULL, NULL, 1, EDQUOT,
      SPN_ENOSPC },
    { "a full disk at the sync is SPN_ENOSPC and leaves nothing", NULL, fsync_fails, NULL, 0,
      ENOSPC, SPN_ENOSPC },
    { "a failing disk at the sync is SPN_EIO and leaves nothing", NULL, fsync_fails, NULL, 0, EIO,
      SPN_EIO },
    { "a rename refused is SPN_EACCES and leaves nothing", NULL, NULL, rename_fails, 0, EACCES,
      SPN_EACCES },
};

static void failure(void **state)
{
    const struct failure_row *row = *state;
    struct spn_file_ops ops = spn_file_ops_real;
    struct spn_error err = { 0 };
    int ret;

    if (row->write)
        ops.write = row->write;
    if (row->fsync)
        ops.fsync = row->fsync;
    if (row->rename)
        ops.rename = row->rename;
    assert_int_equal(spn_file_put(at("tmp"), at("fail/old"), 0600, "old", 3, NULL), SPN_OK);
    calls_left = row->after;
    fail_errno = row->errnum;
    spn_file_ops_set(&ops);
    ret = spn_file_put(at("tmp"), at("fail/old"), 0600, "0123456789", 10, &err);
    spn_file_ops_set(NULL);
    assert_int_equal(ret, row->want);
    assert_int_equal(err.code, row->want);
    assert_non_null(strstr(err.text, strerror(row->errnum)));
    assert_file(at("fail/old"), "old", 3);
    assert_int_equal(entries(at("tmp")), 0);
}

static void interrupted(void **state)
{
    struct spn_file_ops ops = spn_file_ops_real;

    (void)state;
    ops.write = write_interrupted;
    spn_file_ops_set(&ops);
    assert_int_equal(spn_file_put(at("tmp"), at("slow"), 0600, "0123456789", 10, NULL), SPN_OK);
    spn_file_ops_set(NULL);
    assert_file(at("slow"), "0123456789", 10);
}

static const struct copy_row {
    const char *name;
    int errnum, want;
} copies[] = {
    { "a copy between file systems goes by hand", EXDEV, SPN_OK },
    { "a copy on an old kernel goes by hand", ENOSYS, SPN_OK },
    { "a copy that meets a full disk is SPN_ENOSPC", ENOSPC, SPN_ENOSPC },
};

static void copy_fallback(void **state)
{
    const struct copy_row *row = *state;
    struct spn_file_ops ops = spn_file_ops_real;
    struct spn_file *file = NULL;
    int fd, ret;

    assert_int_equal(spn_file_put(at("tmp"), at("digits"), 0600, "0123456789", 10, NULL), SPN_OK);
    fd = open(at("digits"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(spn_file_create(at("tmp"), 0600, &file, NULL), SPN_OK);
    ops.copy = copy_fails;
    calls_left = 0;
    fail_errno = row->errnum;
    spn_file_ops_set(&ops);
    ret = spn_file_copy(file, fd, 2, 6, NULL);
    spn_file_ops_set(NULL);
    assert_int_equal(ret, row->want);
    if (ret == SPN_OK) {
        assert_int_equal(spn_file_commit(file, at("copied by hand"), NULL), SPN_OK);
        assert_file(at("copied by hand"), "234567", 6);
    }
    spn_file_destroy(file);
    (void)close(fd);
}

static void clone_refused(void **state)
{
    struct spn_file_ops ops = spn_file_ops_real;
    struct spn_file *file = NULL;

    (void)state;
    assert_int_equal(spn_file_create(at("tmp"), 0600, &file, NULL), SPN_OK);
    ops.clone = clone_fails;
    spn_file_ops_set(&ops);
    fail_errno = EOPNOTSUPP;
    assert_int_equal(spn_file_clone(file, 0, NULL), SPN_EUNSUPPORTED);
    fail_errno = ENOSPC;
    assert_int_equal(spn_file_clone(file, 0, NULL), SPN_ENOSPC);
    spn_file_ops_set(NULL);
    spn_file_destroy(file);
}

static int open_noted(const char *path, int flags, mode_t mode)
{
    note(flags & O_CREAT ? 'c' : 'o');
    return spn_file_ops_real.open(path, flags, mode);
}

static int fsync_noted(int fd)
{
    struct stat st;

    note(fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? 'd' : 's');
    return spn_file_ops_real.fsync(fd);
}

static int rename_noted(const char *from, const char *to)
{
    note('r');
    return spn_file_ops_real.rename(from, to);
}

static int mkdir_noted(const char *path, mode_t mode)
{
    note('m');
    return spn_file_ops_real.mkdir(path, mode);
}

static int unlink_noted(const char *path)
{
    note('u');
    return spn_file_ops_real.unlink(path);
}

static struct spn_file_ops noted(void)
{
    struct spn_file_ops ops = spn_file_ops_real;

    ops.open = open_noted;
    ops.fsync = fsync_noted;
    ops.rename = rename_noted;
    ops.mkdir = mkdir_noted;
    ops.unlink = unlink_noted;
    memset(order, 0, sizeof(order));
    return ops;
}

static void all_synced_first(void **state)
{
    struct spn_file *files[3];
    char paths[3][512];
    const char *names[3] = { paths[0], paths[1], paths[2] };
    struct spn_file_ops ops = noted();
    int ret;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "%s/all/%zu", root, i);
        assert_int_equal(spn_file_create(at("tmp"), 0600, &files[i], NULL), SPN_OK);
        assert_int_equal(spn_file_write(files[i], "x", 1, NULL), SPN_OK);
    }
    spn_file_ops_set(&ops);
    ret = spn_file_commit_all(files, names, 3, NULL);
    spn_file_ops_set(NULL);
    for (size_t i = 0; i < 3; i++)
        spn_file_destroy(files[i]);
    assert_int_equal(ret, SPN_OK);
    /* three syncs; the directory and its parent's sync; three renames; the directory's sync */
    assert_string_equal(order, "sss"
                               "mod"
                               "rrr"
                               "od");
    assert_int_equal(entries(at("tmp")), 0);
}

static void removal_synced(void **state)
{
    struct spn_file_ops ops = noted();

    (void)state;
    assert_int_equal(spn_file_put(at("tmp"), at("removed"), 0600, "x", 1, NULL), SPN_OK);
    spn_file_ops_set(&ops);
    assert_int_equal(spn_file_remove(at("removed"), NULL), SPN_OK);
    spn_file_ops_set(NULL);
    assert_string_equal(order, "uod");
}

static void in_parts(void **state)
{
    struct spn_buffer bytes = { 0 };
    struct spn_file *file, *other;
    char path[300];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s", at("part"));
    assert_int_equal(spn_file_resume(path, &file, NULL), SPN_ENOENT);
    assert_int_equal(spn_file_begin(path, 0600, NULL), SPN_OK);
    assert_int_equal(spn_file_begin(path, 0600, NULL), SPN_EEXIST);
    assert_int_equal(spn_file_resume(path, &file, NULL), SPN_OK);
    assert_int_equal(spn_file_resume(path, &other, NULL), SPN_EAGAIN);
    assert_null(other);
    assert_int_equal(spn_file_write(file, "one ", 4, NULL), SPN_OK);
    assert_int_equal(spn_file_sync(file, NULL), SPN_OK);
    spn_file_destroy(file);
    assert_int_equal(spn_file_resume(path, &file, NULL), SPN_OK);
    assert_int_equal(spn_file_size(file), 4);
    assert_int_equal(spn_file_write(file, "two", 3, NULL), SPN_OK);
    spn_file_destroy(file);
    assert_int_equal(spn_file_get(path, 100, &bytes, NULL), SPN_OK);
    assert_int_equal(bytes.size, 7);
    assert_memory_equal(bytes.data, "one two", 7);
    assert_int_equal(spn_file_resume(path, &file, NULL), SPN_OK);
    assert_int_equal(spn_file_truncate(file, 8, NULL), SPN_ERANGE);
    assert_int_equal(spn_file_truncate(file, 7, NULL), SPN_OK);
    assert_int_equal(spn_file_truncate(file, 3, NULL), SPN_OK);
    assert_int_equal(spn_file_size(file), 3);
    assert_int_equal(spn_file_write(file, "!", 1, NULL), SPN_OK);
    spn_file_destroy(file);
    bytes.size = 0;
    assert_int_equal(spn_file_get(path, 100, &bytes, NULL), SPN_OK);
    assert_int_equal(bytes.size, 4);
    assert_memory_equal(bytes.data, "one!", 4);
    spn_buffer_finish(&bytes);
    assert_int_equal(spn_file_remove(path, NULL), SPN_OK);
}

int main(void)
{
    static struct rows rows;
    char command[300];
    const char *tmp = getenv("TMPDIR");
    int ret;

    (void)snprintf(root, sizeof(root), "%s/sampan-file-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(root) || mkdir(at("tmp"), 0700) < 0)
        return 1;
    rows_add(&rows, "what was put is there, and putting again replaces it", put_get, NULL);
    rows_add(&rows, "an empty file can be put and read", put_empty, NULL);
    rows_add(&rows, "a file has the mode it was asked to have", put_mode, NULL);
    rows_add(&rows, "a file that was not committed is removed", destroy_removes, NULL);
    rows_add(&rows, "a symbolic link is replaced, not followed", link_replaced, NULL);
    rows_add(&rows, "ranges of another file are copied in order", copy_parts, NULL);
    rows_add(&rows, "a copy past the end says where the bytes ended", copy_short, NULL);
    rows_add(&rows, "a file is read up to its limit and no further", get_limit, NULL);
    rows_add(&rows, "what is not there can be removed", remove_twice, NULL);
    rows_add(&rows, "a file in the way of a directory is named", mkdirs_in_the_way, NULL);
    rows_add(&rows, "a file's hash is that of all its bytes", hash_file, NULL);
    rows_add_table(&rows, places, place);
    rows_add_table(&rows, failures, failure);
    rows_add(&rows, "short and interrupted writes are gone on with", interrupted, NULL);
    rows_add_table(&rows, copies, copy_fallback);
    rows_add(&rows, "a clone that cannot be is SPN_EUNSUPPORTED", clone_refused, NULL);
    rows_add(&rows, "all files are synced before the first is renamed", all_synced_first, NULL);
    rows_add(&rows, "a removal is synced", removal_synced, NULL);
    rows_add(&rows, "a file that comes in parts goes on at its end, one writer at a time", in_parts,
             NULL);
    ret = rows_run(&rows, "file");
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command) ? 1 : ret;
}
