/* kind_verify.c - one rendition of a cut against its list: docs/formats/jobs.md "verify". */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cut_assets.h"
#include "sent.h"

struct verify {
    struct spn_composition *composition;
    const json_t *rendition; /* of the spec; borrowed */
    int sound, drop;
    struct sent sent;
    struct cut_assets assets;
    struct spn_file *film;
};

/* Of a picture, the track that is verified and what its bridges are held to are two things. */
static int pictures_wrap(struct verify *verify, struct media_call *call, struct spn_error *err)
{
    json_t *list = json_object_get(call->request, "assets"), *picture, *wrapped;
    size_t i;

    json_array_foreach(list, i, picture)
    {
        const struct sent_file *track = &verify->sent.list[i];
        int number = media_call_fd(call, track->fd);

        wrapped = json_pack("{sIs{siss}sOsb}", "frames",
                            (json_int_t)verify->composition->assets[i].frames, "track", "fd",
                            number, "name", track->name, "picture", picture, "encode",
                            verify->composition->assets[i].encode != 0);
        if (number < 0 || json_array_set_new(list, i, wrapped) < 0)
            return spn_error_set(err, SPN_ELIMIT, "the cut has too many assets for one job");
    }
    return SPN_OK;
}

/* Numbers of the bridges that were made near their cap. */
static json_t *tight_of(const json_t *rendition)
{
    json_t *out = json_array(), *bridge;
    size_t i;

    json_array_foreach(json_object_get(rendition, "bridges"), i, bridge)
    {
        if (json_is_true(json_object_get(bridge, "tight")))
            (void)json_array_append_new(out, json_integer((json_int_t)i));
    }
    return out;
}

static int verify_request(struct job *job, struct verify *verify, struct media_call *call,
                          struct spn_error *err)
{
    static const char *const copied[] = { "verify", "clips" };
    json_t *film, *told;
    struct stat st = { 0 };
    int ret;

    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        if (json_object_set(call->request, copied[i], json_object_get(job->spec, copied[i])) < 0)
            return spn_error_set(err, SPN_EFORMAT, "the job has no %s", copied[i]);
    told = json_pack("{sssssO}", "id", verify->sent.id, "media", verify->sound ? "audio" : "video",
                     "compat_id", json_object_get(verify->rendition, "compat_id"));
    if (!verify->sound)
        (void)json_object_set_new(told, "tight", tight_of(verify->rendition));
    film = json_pack("{ss}", "name", "the film");
    if (json_object_set_new(call->request, "rendition", told) < 0 ||
        json_object_set_new(call->request, "film", film) < 0)
        return spn_error_set(err, SPN_EFORMAT, "the rendition of the job is not whole");
    /* the film is mapped, and of a picture the tracks are too, beside what bridges come from */
    if (fstat(spn_file_fd(verify->film), &st) == 0)
        verify->assets.mapped_bytes += (int64_t)st.st_size;
    if (!verify->sound)
        verify->assets.mapped_bytes += verify->sent.bytes;
    if ((ret = request_output(call, film, "fd", verify->film, err)) < 0 ||
        (ret = cut_assets_request(&verify->assets, job, call, err)) < 0)
        return ret;
    return verify->sound ? SPN_OK : pictures_wrap(verify, call, err);
}

/* Nothing is decoded where its boxes are wrong already. */
static int boxes_told(struct verify *verify, json_t **result, struct spn_error *err)
{
    const struct spn_composition *composition = verify->composition;

    *result = json_pack("{sIsIsOsn}", "frames", (json_int_t)composition->start[composition->count],
                        "fault_count", (json_int_t)json_array_size(verify->sent.faults), "faults",
                        verify->sent.faults, "measured");
    return *result ? SPN_OK : spn_error_set(err, SPN_ENOMEM, "out of memory");
}

static int film_look(struct worker *worker, struct job *job, struct verify *verify, json_t **result,
                     struct spn_error *err)
{
    struct media_call call = { 0 };
    char what[64];
    int ret;

    (void)snprintf(what, sizeof(what), "%.7s of a cut", verify->sent.id);
    if ((ret = spn_file_create(worker->tmp, 0600, &verify->film, err)) >= 0 &&
        (ret = sent_write(worker, job, &verify->sent, verify->film, err)) >= 0 &&
        (ret = verify->sound ? cut_assets_open_sound(worker, job, &verify->assets, err)
                             : cut_assets_open_picture(worker, job, &verify->assets, err)) >= 0 &&
        (ret = request_begin(job, "verify", what, &call, err)) >= 0 &&
        (ret = verify_request(job, verify, &call, err)) >= 0)
        ret = media_call_run(worker, job, &call, result, err);
    media_call_finish(&call);
    return ret;
}

static int verify_open(struct job *job, struct verify *verify, struct spn_error *err)
{
    const char *media;
    json_t *rendition;
    int ret;

    if ((ret = sent_composition(job->spec, "verify", &verify->composition, &verify->drop, err)) <
            0 ||
        (ret = job_object(job->spec, "rendition", &rendition, err)) < 0 ||
        (ret = job_text(rendition, "media", &media, err)) < 0)
        return ret;
    verify->rendition = rendition;
    verify->sound = strcmp(media, "audio") == 0;
    return SPN_OK;
}

int kind_verify(struct worker *worker, struct job *job, json_t **result, struct spn_error *err)
{
    struct verify verify = { 0 };
    int ret;

    if ((ret = verify_open(job, &verify, err)) >= 0) {
        ret = sent_open(worker, job, verify.rendition, verify.composition, verify.drop, 1,
                        &verify.sent, err);
        if (ret == SPN_EMISMATCH && json_array_size(verify.sent.faults) > 0)
            ret = boxes_told(&verify, result, err);
        else if (ret >= 0)
            ret = film_look(worker, job, &verify, result, err);
    }
    cut_assets_close(&verify.assets);
    sent_close(&verify.sent);
    spn_file_destroy(verify.film);
    spn_composition_free(verify.composition);
    return ret;
}
