/* api_cut.c - /cuts, and /assets/{asset}/restricted */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "cut/cut.h"
#include "cut/cut_ask.h"
#include "cut/cut_build.h"
#include "cut/cut_check.h"
#include "cut/cut_verify.h"
#include "cut/restricted.h"
#include "json.h"

int api_cut_create(struct request *request, struct spn_error *err)
{
    char id[SPN_ID_MAX];
    json_t *cut, *remarks;
    int ret;

    json_decref(request->remarks);
    request->remarks = NULL;
    ret = cut_ask(request->instance, request->db, request->json, id, &remarks, err);
    if (ret < 0) {
        request->remarks = remarks; /* a problem has them all */
        if (remarks || ret == SPN_EFORMAT)
            request->status = 422;
        return ret;
    }
    if ((ret = cut_summary(request->db, id, &cut, err)) < 0) {
        json_decref(remarks);
        return ret;
    }
    (void)json_object_set_new(cut, "remarks", remarks ? remarks : json_array());
    request_answer_header(request, "Location", "/api/v1/cuts/%s", id);
    return request_answer(request, 201, cut);
}

int api_cut_list(struct request *request, struct spn_error *err)
{
    json_t *items = json_array();
    char key[SPN_ID_MAX];
    int limit, ret;

    if ((ret = request_cursor(request, &limit, key, sizeof(key), err)) < 0 ||
        (ret = cut_page(request->db, request_query(request, "state"), key[0] ? key : "~", limit + 1,
                        items, err)) < 0) {
        json_decref(items);
        return ret;
    }
    return request_page(request, items, limit, item_id_key);
}

int api_cut_show(struct request *request, struct spn_error *err)
{
    json_t *cut;
    int ret = cut_show(request->db, request->params[0], &cut, err);

    return ret < 0 ? ret : request_answer(request, 200, cut);
}

int api_cut_delete(struct request *request, struct spn_error *err)
{
    int ret = cut_delete(request->db, request->params[0], err);

    return ret < 0 ? ret : request_empty(request, 204);
}

int api_cut_check(struct request *request, struct spn_error *err)
{
    struct cut_choice choice;
    json_t *report;
    int ret;

    if ((ret = cut_choice_read(request->json, &choice, err)) < 0)
        return ret;
    ret = cut_check(request->instance, request->db, request->params[0], &choice, &report, err);
    return ret < 0 ? ret : request_answer(request, 200, report);
}

int api_cut_build(struct request *request, struct spn_error *err)
{
    struct cut_choice choice;
    json_t *cut;
    int ret;

    if ((ret = cut_choice_read(request->json, &choice, err)) < 0 ||
        (ret = cut_build(request->instance, request->db, request->params[0], &choice, err)) < 0 ||
        (ret = cut_summary(request->db, request->params[0], &cut, err)) < 0)
        return ret;
    return request_answer(request, 202, cut);
}

static int verification_answer(struct request *request, unsigned status, struct spn_error *err)
{
    json_t *report;
    int ret = cut_verification(request->db, request->params[0], 1, &report, err);

    return ret < 0 ? ret : request_answer(request, status, report);
}

int api_cut_verify(struct request *request, struct spn_error *err)
{
    int ret = cut_verify(request->instance, request->db, request->params[0], err);

    return ret < 0 ? ret : verification_answer(request, 202, err);
}

int api_cut_verification(struct request *request, struct spn_error *err)
{
    return verification_answer(request, 200, err);
}

int api_cut_export(struct request *request, struct spn_error *err)
{
    const char *format = request_query(request, "format");
    int ret;

    if (!format)
        return spn_error_set(err, SPN_EINVAL, "say which format: ?format=otio, edl or cpl");
    request->text.size = 0;
    ret = cut_export(request->db, request->params[0], format, &request->text,
                     &request->content_type, err);
    return ret < 0 ? ret : request_empty(request, 200);
}

int api_cut_diff(struct request *request, struct spn_error *err)
{
    json_t *diff;
    int ret = cut_diff(request->db, request->params[0], request->params[1], &diff, err);

    return ret < 0 ? ret : request_answer(request, 200, diff);
}

int api_restricted_show(struct request *request, struct spn_error *err)
{
    json_t *ranges;
    int ret = restricted_show(request->db, request->params[0], &ranges, err);

    return ret < 0 ? ret : request_answer(request, 200, ranges);
}

int api_restricted_set(struct request *request, struct spn_error *err)
{
    int ret = restricted_set(request->db, request->params[0], request->json, err);

    return ret < 0 ? ret : api_restricted_show(request, err);
}

int api_restricted_clear(struct request *request, struct spn_error *err)
{
    int ret = restricted_clear(request->db, request->params[0], err);

    return ret < 0 ? ret : request_empty(request, 204);
}
