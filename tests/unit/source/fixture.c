#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/sampan-source-XXXXXX";

int fixture_init(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

int fixture_finish(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command);
}

const char *fixture_path(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

void fixture_make(const char *command)
{
    char line[4096];

    snprintf(line, sizeof line,
             "cd %s && ffmpeg() { command ffmpeg -nostdin -y -v error \"$@\"; } && { %s; } 2>log "
             "|| { cat log >&2; exit 1; }",
             directory, command);
    if (system(line) != 0)
        fail_msg("cannot make the fixture: %s", command);
}

void fixture_write(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(fixture_path(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void fixture_cut(const char *name, int percent)
{
    struct stat st;

    assert_int_equal(stat(fixture_path(name), &st), 0);
    assert_int_equal(truncate(fixture_path(name), st.st_size * percent / 100), 0);
}
