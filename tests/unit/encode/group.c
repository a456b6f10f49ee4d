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
