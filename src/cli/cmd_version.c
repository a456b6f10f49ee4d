#include "command.h"
#include "output.h"

int cmd_version(struct typed *typed, struct spn_error *err)
{
    (void)err;
    if (typed->json)
        output_json(json_pack("{ss}", "version", SAMPAN_VERSION));
    else
        printf("sampan %s\n", SAMPAN_VERSION);
    return SPN_OK;
}
