/* group.c - for tests of sampan-media: the program, and a directory of films. */
#include "group.h"

#include <stdio.h>

const char *program, *dir;

int group_run(const char *name, struct rows *tests, int argc, char **argv, CMFixtureFunction begin,
              CMFixtureFunction end)
{
    static char path[] = "/tmp/sampan-films-XXXXXX";
    char command[64];
    int failed;

    if (argc < 2 || !(dir = mkdtemp(path)))
        return 2;
    program = argv[1];
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    failed = _cmocka_run_group_tests(name, tests->tests, tests->count, begin, end);
    (void)snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command) == 0 ? failed : failed + 1;
}

void media_must(int exited, struct media_run *answer)
{
    if (exited != 0)
        fail_msg("exit %d, signal %d: %s", exited, answer->signaled,
                 json_string_value(json_object_get(answer->answer, "text")));
    media_run_finish(answer);
}

void decode_said(const char *path, char line[256])
{
    char command[256];
    FILE *said;

    (void)snprintf(command, sizeof(command),
                   "ffmpeg -nostdin -v warning -err_detect explode -xerror -i %s -f null - 2>&1",
                   path);
    said = popen(command, "r");
    assert_non_null(said);
    if (!fgets(line, 256, said))
        line[0] = '\0';
    (void)pclose(said);
}

void decodes_silently(const char *path)
{
    char line[256];

    decode_said(path, line);
    assert_string_equal(line, "");
}
