/* sampan cut verify: is a built cut what its list says? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cut_verbs.h"
#include "output.h"

#define LOOK_MS  300
#define PATIENCE 60000 /* ms, for an API that is restarted meanwhile */

static double hundredths(const json_t *object, const char *name)
{
    return (double)number_of(object, name) / 100;
}

static void picture_show(const json_t *measured)
{
    const json_t *bridges = json_object_get(measured, "bridges");

    printf("%" PRId64 " frames are the bits of the assets' tracks, %" PRId64 " are bridges",
           number_of(measured, "referenced"), number_of(bridges, "frames"));
    if (number_of(bridges, "frames") && !number_of(measured, "from_rendition"))
        printf(" of %.1f dB, the worst %.1f; in the assets they have %.1f and %.1f",
               hundredths(bridges, "mean"), hundredths(bridges, "least"),
               hundredths(bridges, "track_mean"), hundredths(bridges, "track_least"));
    else if (number_of(bridges, "frames"))
        printf(" of %.1f dB against renditions, since sources are gone",
               hundredths(bridges, "mean"));
}

static void sound_show(const json_t *measured)
{
    int64_t worst = 0;
    const json_t *join;
    size_t i;

    json_array_foreach(json_object_get(measured, "joins"), i, join)
    {
        int64_t late = number_of(join, "late_samples");

        late = late < 0 ? -late : late;
        worst = late > worst ? late : worst;
    }
    printf("%" PRId64 " packets are the assets', %" PRId64 " were made anew; at most %" PRId64
           " samples from the picture",
           number_of(measured, "copied"), number_of(measured, "encoded"), worst);
}

static void rendition_show(const json_t *rendition)
{
    const json_t *measured = json_object_get(rendition, "measured"), *fault;
    const char *media = text_of(rendition, "media");
    size_t i;

    printf("%s %s", text_of(rendition, "id"), text_of(rendition, "state"));
    if (json_is_object(measured)) {
        printf(": ");
        if (!strcmp(media, "video"))
            picture_show(measured);
        else if (!strcmp(media, "audio"))
            sound_show(measured);
        else
            printf("%" PRId64 " cues", number_of(measured, "cues"));
    }
    printf("\n");
    json_array_foreach(json_object_get(rendition, "faults"), i, fault)
        printf("  %s\n", text_of(fault, "text"));
    if (number_of(rendition, "fault_count") > (int64_t)i)
        printf("  and %" PRId64 " more\n", number_of(rendition, "fault_count") - (int64_t)i);
    if (json_is_object(json_object_get(rendition, "error")))
        printf("  %s\n", text_of(json_object_get(rendition, "error"), "text"));
}

/* Look until it has ended. *report is replaced by what was seen last. */
static int ended_wait(struct typed *typed, struct client *client, json_t **report,
                      struct spn_error *err)
{
    char path[160];
    struct client_call call = { .method = "GET", .path = path, .patience_ms = PATIENCE };
    struct bar bar;
    int ret = SPN_OK;

    (void)snprintf(path, sizeof(path), "/api/v1/cuts/%.60s/verification", typed->operands[1]);
    bar_begin(&bar);
    while (!strcmp(text_of(*report, "state"), "running")) {
        const json_t *progress = json_object_get(*report, "progress");

        if (!typed->json)
            bar_show(&bar, typed->operands[1], "verifying", number_of(progress, "done"),
                     number_of(progress, "total"), "frames");
        usleep(LOOK_MS * 1000);
        json_decref(*report);
        *report = NULL;
        if ((ret = client_do(client, &call, report, err)) < 0)
            break;
    }
    bar_end(&bar);
    return ret < 0 ? ret : SPN_OK;
}

int cut_verify(struct typed *typed, struct client *client, struct spn_error *err)
{
    json_t *report = NULL;
    const json_t *rendition;
    const char *state;
    size_t i;
    int ret = client_post(client, NULL, &report, err, "/api/v1/cuts/%s/verify", typed->operands[1]);

    if (ret < 0 || (ret = ended_wait(typed, client, &report, err)) < 0)
        goto done;
    state = text_of(report, "state");
    if (typed->json)
        output_json(json_incref(report));
    else
        json_array_foreach(json_object_get(report, "renditions"), i, rendition)
            rendition_show(rendition);
    if (!strcmp(state, "failed"))
        ret = spn_error_set(err, SPN_EMISMATCH, "%s is not what its list says: %" PRId64 " fault%s",
                            typed->operands[1], number_of(report, "fault_count"),
                            number_of(report, "fault_count") == 1 ? "" : "s");
    else if (strcmp(state, "passed") != 0)
        ret =
            spn_error_set(err, SPN_EIO, "%s could not be verified as a whole", typed->operands[1]);
    else if (!typed->json)
        printf("%s is what its list says\n", typed->operands[1]);
    if (ret < 0 && typed->json) { /* the report is the answer, not an error beside it */
        (void)fprintf(stderr, "sampan cut: %s\n", err->text);
        err->text[0] = '\0';
    }
done:
    json_decref(report);
    return ret;
}
