/* sampan serve and sampan worker: the same arguments to the program that does it. */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "program.h"

static int become(const char *name, struct typed *typed, struct spn_error *err)
{
    char path[SPN_PATH_MAX];
    int ret;

    if ((ret = program_find(name, path, err)) < 0)
        return ret;
    typed->argv[0] = path;
    (void)execv(path, typed->argv);
    return spn_error_errno(err, errno, "cannot start %s", path);
}

int cmd_serve(struct typed *typed, struct spn_error *err)
{
    return become("sampan-control", typed, err);
}

int cmd_worker(struct typed *typed, struct spn_error *err)
{
    return become("sampan-worker", typed, err);
}
