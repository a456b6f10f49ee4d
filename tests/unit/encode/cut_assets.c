/* cut_assets.c - for tests of compositions: two assets of coded films. */
#include "cut_assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "group.h"
#include "sampan/time.h"

void cut_assets_init(struct cut_assets *assets, const char *name, const struct film *film,
                     const unsigned frames[CUT_ASSETS], const char *options)
{
    struct spn_rate rate = { film->picture.rate_num, film->picture.rate_den };
    json_t *wanted = options ? json_loads(options, 0, NULL) : NULL;
    struct media_run answer;
    char path[128];

    memset(assets, 0, sizeof(*assets));
    assets->gop = spn_rate_gop(rate);
    assert_true(!options || wanted);
    for (unsigned i = 0; i < CUT_ASSETS; i++) {
        struct asset_run *run = &assets->runs[i];
        struct film one = *film;

        (void)snprintf(assets->films[i], sizeof(assets->films[i]), "%s/%u-%u-%u-%u-%s", dir, i + 1,
                       rate.num, film->picture.width, frames[i], name);
        one.path = assets->films[i];
        one.picture.source = (uint8_t)(i + 1);
        one.frames = frames[i];
        if (access(one.path, F_OK) < 0)
            assert_int_equal(film_make(&one), 0);
        media_must(asset_run_init(run, program, one.path, wanted, &answer), &answer);
        media_must(film->audio_count ? asset_run_audio(run, 0, &answer)
                                     : asset_run_chunk(run, 0, &answer),
                   &answer);
        assert_int_equal(asset_run_assemble(run, film->audio_count ? "a0" : "v0", 1, path), SPN_OK);
        assets->list[i] = run;
    }
    json_decref(wanted);
}

void cut_assets_finish(struct cut_assets *assets)
{
    for (unsigned i = 0; i < CUT_ASSETS; i++)
        asset_run_finish(&assets->runs[i]);
}

void cut_clips_make(unsigned gop, struct spn_clip clips[CUT_CLIPS])
{
    const int64_t g = gop;
    const struct spn_clip list[CUT_CLIPS] = {
        { 0, g / 3, 2 * g + 5 }, /* a head, a GOP, a tail */
        { 1, 0, g },             /* a GOP exactly, joined on its borders */
        { 0, 2 * g, 3 * g },     /* so is this: no bridge between them */
        { 1, g - 1, g },         /* one frame, the last of a GOP */
        { 1, 7, 8 },             /* one frame, out of order */
        { 0, g / 3, g / 2 },     /* a GOP that was cut already … */
        { 0, g / 2 + 3, g - 2 }, /* … and once more */
        { 0, 3 * g, 4 * g + 7 }, /* to the last frame: a short GOP, referenced */
        { 1, 3 * g - 1, 3 * g }, /* the last frame alone */
        { 0, 0, 1 },             /* the first frame alone */
        { 1, 1, 2 * g - 1 },     /* almost two GOPs: all bridge, but none whole … */
        { 0, g - 1, 2 * g + 1 }, /* … but one */
    };

    memcpy(clips, list, sizeof(list));
}
