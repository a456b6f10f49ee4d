/* kinds.c - every kind of job, and whose it is. */
#include <string.h>

#include "cut/cut_flat.h"
#include "cut/cut_jobs.h"
#include "cut/cut_verify.h"
#include "work/kind.h"
#include "work/outcome.h"
#include "work/spec.h"

/*
 * Text first: it is short, and a viewer may ask for it. So is an MP4, which only copies, and for
 * which somebody waits. Chunks late: they are many. A proof last: what it proves is there.
 */
static const struct kind kinds[] = {
    { "examine", 10, NULL, examine_files, examine_done, examine_failed, examine_again },
    { "bridge", 15, cut_job_spec, cut_job_files, cut_job_done, cut_job_failed, cut_job_again },
    { "sound_bridge", 15, cut_job_spec, cut_job_files, cut_job_done, cut_job_failed,
      cut_job_again },
    { "text", 20, spec_of_source, text_files, asset_done, asset_failed, asset_again },
    { "assemble", 20, spec_of_plan, track_files, asset_done, asset_failed, asset_again },
    { "flatten", 20, NULL, flat_job_files, flat_job_done, flat_job_failed, flat_job_again },
    { "storyboard", 25, spec_of_tiles, board_files, asset_done, asset_failed, asset_again },
    { "audio", 30, spec_of_source, track_files, asset_done, asset_failed, asset_again },
    { "chunk", 40, spec_of_source, chunk_files, chunk_done, asset_failed, asset_again },
    { "verify", 50, cut_job_spec, verify_job_files, verify_job_done, verify_job_failed,
      verify_job_again },
};

const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
