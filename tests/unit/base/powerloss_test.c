/* powerloss_test.c - a name has its whole bytes or is not there, wherever the power is cut. */
#include "rows.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "powerloss.h"

#define SEEDS 24

static char dir[256];

static void shell(const char *format, const char *path)
{
    char command[512];

    (void)snprintf(command, sizeof(command), format, path);
    assert_int_equal(system(command), 0);
}

/* Contents that cannot be mistaken for one another, of many bytes. */
static const char *contents(char letter)
{
    static char texts[8][5001];
    char *text = texts[letter - 'a'];

    memset(text, letter, 5000);
    return text;
}

/* From this operation on, a name must have these contents; before, those of the promise before. */
static struct promise {
    size_t after;
    const char *name;
    char letter; /* 0: not there */
} promises[16];
static size_t promise_count;

/* When the file that comes in parts was there, had 2000 bytes, had 4000. */
static size_t part_promise[3];

static void promise(const char *name, char letter)
{
    promises[promise_count++] = (struct promise){ powerloss_count(), name, letter };
}

/* 4000 bytes in two parts, each of them promised when it was synced. */
static void in_parts(const char *root)
{
    struct spn_file *file;
    char path[320];

    (void)snprintf(path, sizeof(path), "%s/part", root);
    assert_int_equal(spn_file_begin(path, 0600, NULL), SPN_OK);
    part_promise[0] = powerloss_count();
    for (int i = 1; i < 3; i++) {
        assert_int_equal(spn_file_resume(path, &file, NULL), SPN_OK);
        assert_int_equal(spn_file_write(file, contents('a') + (i - 1) * 2000, 1000, NULL), SPN_OK);
        assert_int_equal(spn_file_write(file, contents('a') + (i - 1) * 2000, 1000, NULL), SPN_OK);
        assert_int_equal(spn_file_sync(file, NULL), SPN_OK);
        part_promise[i] = powerloss_count();
        spn_file_destroy(file);
    }
}

/* Is of the file in parts at least there what was promised by then? */
static int part_kept(struct powerloss_disk *disk, size_t cut)
{
    size_t size = 0, least = 0;
    const uint8_t *bytes = powerloss_get(disk, "part", &size);

    if (cut < part_promise[0])
        return 1;
    for (size_t i = 1; i < 3 && part_promise[i] <= cut; i++)
        least = i * 2000;
    return bytes && size >= least && memcmp(bytes, contents('a'), least) == 0;
}

static void work(unsigned skip)
{
    char root[300], tmp[310], path[4][320];
    const char *paths[3] = { path[1], path[2], path[3] };
    struct spn_file *files[3];

    (void)snprintf(root, sizeof(root), "%s/live", dir);
    (void)snprintf(tmp, sizeof(tmp), "%s/tmp", root);
    (void)snprintf(path[0], sizeof(path[0]), "%s/a/x", root);
    for (int i = 1; i < 4; i++)
        (void)snprintf(path[i], sizeof(path[i]), "%s/b/%d", root, i);
    shell("rm -rf '%s'", root);
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(mkdir(tmp, 0700), 0);
    powerloss_start(root);
    powerloss_skip(skip);
    promise_count = 0;
    spn_file_ops_set(&powerloss_ops);
    assert_int_equal(spn_file_put(tmp, path[0], 0600, contents('a'), 5000, NULL), SPN_OK);
    promise("a/x", 'a');
    assert_int_equal(spn_file_put(tmp, path[0], 0600, contents('b'), 5000, NULL), SPN_OK);
    promise("a/x", 'b');
    for (int i = 0; i < 3; i++) {
        assert_int_equal(spn_file_create(tmp, 0600, &files[i], NULL), SPN_OK);
        assert_int_equal(spn_file_write(files[i], contents((char)('c' + i)), 2000, NULL), SPN_OK);
        assert_int_equal(spn_file_write(files[i], contents((char)('c' + i)), 3000, NULL), SPN_OK);
    }
    assert_int_equal(spn_file_commit_all(files, paths, 3, NULL), SPN_OK);
    promise("b/1", 'c');
    promise("b/2", 'd');
    promise("b/3", 'e');
    for (int i = 0; i < 3; i++)
        spn_file_destroy(files[i]);
    assert_int_equal(spn_file_remove(path[1], NULL), SPN_OK);
    promise("b/1", 0);
    in_parts(root);
    spn_file_ops_set(NULL);
}

/* What name holds on the disk: its letter, 0 when it is not there, '?' when it is neither whole. */
static char found(struct powerloss_disk *disk, const char *name)
{
    size_t size = 0;
    const uint8_t *bytes = powerloss_get(disk, name, &size);

    if (!bytes)
        return 0;
    if (size != 5000 || bytes[0] < 'a' || bytes[0] > 'e' ||
        memcmp(bytes, contents((char)bytes[0]), 5000) != 0)
        return '?';
    return (char)bytes[0];
}

/* Is what is found what was promised by then, or what was being made? */
static int kept(struct powerloss_disk *disk, const char *name, size_t cut)
{
    char letter = found(disk, name);
    const struct promise *last = NULL, *next = NULL;

    for (size_t i = 0; i < promise_count; i++) {
        if (strcmp(promises[i].name, name) != 0)
            continue;
        if (promises[i].after <= cut)
            last = &promises[i];
        else if (!next)
            next = &promises[i];
    }
    return letter == (last ? last->letter : 0) || (next && letter == next->letter);
}

/* Violations over all cuts and seeds. */
static unsigned violations(unsigned skip)
{
    static const char *const names[] = { "a/x", "b/1", "b/2", "b/3" };
    unsigned count = 0;

    work(skip);
    for (size_t cut = 0; cut <= powerloss_count(); cut++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct powerloss_disk *disk = powerloss_replay(cut, seed);

            for (size_t i = 0; i < 4; i++)
                count += !kept(disk, names[i], cut);
            count += !part_kept(disk, cut);
            powerloss_disk_destroy(disk);
        }
    powerloss_finish();
    return count;
}

static const struct row {
    const char *name;
    unsigned skip; /* this fsync is left out; 0: none */
} rows_[] = {
    { "whatever the cut, every name keeps its promise", 0 },
    { "without the sync of a new file's bytes a promise is broken", 1 },
    { "without the sync of a new directory's parent a promise is broken", 2 },
    { "without the sync of the directory of a new name a promise is broken", 3 },
    { "without the sync of a replacing file's bytes a promise is broken", 4 },
    { "without the sync of the directory of a replaced name a promise is broken", 6 },
    { "without the sync of the first of three files a promise is broken", 7 },
    { "without the sync of the last of three files a promise is broken", 9 },
    { "without the sync of their directory's parent a promise is broken", 10 },
    { "without the sync of their directory a promise is broken", 11 },
    { "without the sync after a removal a promise is broken", 12 },
    { "without the sync of the directory of a file in parts a promise is broken", 13 },
    { "without the sync of a first part a promise is broken", 14 },
    { "without the sync of a second part a promise is broken", 15 },
};

static void cut(void **state)
{
    const struct row *row = *state;
    unsigned count = violations(row->skip);

    if (row->skip == 0)
        assert_int_equal(count, 0);
    else
        assert_true(count > 0);
}

int main(void)
{
    static struct rows rows;
    const char *tmp = getenv("TMPDIR");
    int ret;

    (void)snprintf(dir, sizeof(dir), "%s/sampan-powerloss-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return 1;
    rows_add_table(&rows, rows_, cut);
    ret = rows_run(&rows, "powerloss");
    shell("rm -rf '%s'", dir);
    return ret;
}
