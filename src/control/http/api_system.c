/* api_system.c - /system, /gc, /openapi.json, and what watchers of machines ask */
#include "api.h"
#include "document.h"
#include "gc/gc.h"
#include "json.h"
#include "metrics.h"

#ifndef SAMPAN_VERSION
#error "SAMPAN_VERSION comes from the build"
#endif

static int counts_add(struct db *db, json_t *system, struct spn_error *err)
{
    static const struct {
        const char *name, *sql;
    } counts[] = {
        { "titles", "SELECT count(*) FROM title" },
        { "assets", "SELECT count(*) FROM asset" },
        { "publications", "SELECT count(*) FROM publication WHERE state = 'live'" },
        { "ingests_open", "SELECT count(*) FROM ingest WHERE state IN ('examining', 'encoding')" },
        { "jobs_open", "SELECT count(*) FROM job WHERE available_ms IS NOT NULL" },
    };
    json_t *object = json_object();
    int ret = SPN_OK;

    (void)json_object_set_new(system, "counts", object);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && ret >= 0; i++) {
        int64_t number = 0;

        ret = db_count(db, counts[i].sql, DB_NONE, 0, &number, err);
        json_put_number(object, counts[i].name, number);
    }
    return ret;
}

int api_system(struct request *request, struct spn_error *err)
{
    json_t *system = json_object();
    int64_t schema = 0;
    int ret;

    json_put_text(system, "version", SAMPAN_VERSION);
    json_put_number(system, "layout", LAYOUT_VERSION);
    json_put_text(system, "database", store_kind(request->instance->store));
    json_put_time(system, "started", request->instance->started_ms);
    json_put_number(system, "disk_free", instance_free(request->instance));
    json_put_text(system, "role", role_name(request->who.role));
    if ((ret = db_count(request->db, "SELECT max(number) FROM migration", DB_NONE, 0, &schema,
                        err)) < 0 ||
        (ret = counts_add(request->db, system, err)) < 0) {
        json_decref(system);
        return ret;
    }
    json_put_number(system, "schema", schema);
    return request_answer(request, 200, system);
}

int api_gc(struct request *request, struct spn_error *err)
{
    static const char *const known[] = { "dry_run", NULL };
    struct gc_options options = { 0 };
    json_t *report;
    int ret;

    if ((ret = members_only(request->json, known, err)) < 0 ||
        (ret = member_flag(request->json, "dry_run", 0, &options.dry_run, err)) < 0 ||
        (ret = gc_run(request->instance, &options, &report, err)) < 0)
        return ret;
    return request_answer(request, 200, report);
}

int api_document(struct request *request, struct spn_error *err)
{
    spn_buffer_append(&request->text, document, document_size);
    if (spn_buffer_failed(&request->text))
        return spn_error_set(err, SPN_ENOMEM, "out of memory");
    request->content_type = "application/json";
    return request_empty(request, 200);
}

int api_health(struct request *request, struct spn_error *err)
{
    (void)err;
    spn_buffer_string(&request->text, "ok\n");
    request->content_type = "text/plain; charset=utf-8";
    return request_empty(request, 200);
}

/* Ready is: the database answers and the disk can be written. */
int api_ready(struct request *request, struct spn_error *err)
{
    int64_t one = 0;

    if (db_count(request->db, "SELECT max(number) FROM migration", DB_NONE, 0, &one, err) < 0)
        return request_refuse(request, 503, SPN_EAGAIN, err, "the database does not answer");
    return api_health(request, err);
}

int api_metrics(struct request *request, struct spn_error *err)
{
    int ret = metrics_write(request->instance, request->db, &request->text, err);

    if (ret < 0)
        return ret;
    request->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return request_empty(request, 200);
}
