/* api.h - the handlers that the table in routes.c names. */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "request.h"

request_handler api_ingest_create, api_ingest_list, api_ingest_show, api_ingest_retry,
    api_ingest_cancel, api_ingest_events;
request_handler api_title_create, api_title_list, api_title_show, api_title_change,
    api_title_delete;
request_handler api_asset_list, api_asset_show, api_asset_delete;
request_handler api_publication_create, api_publication_made, api_publication_list,
    api_publication_show, api_publication_withdraw;
request_handler api_cut_create, api_cut_list, api_cut_show, api_cut_delete, api_cut_export,
    api_cut_diff, api_cut_check, api_cut_build, api_cut_verify, api_cut_verification;
request_handler api_cut_flatten, api_flat_show, api_flat_file;
request_handler api_restricted_show, api_restricted_set, api_restricted_clear;
request_handler api_work_claim, api_work_beat, api_work_commit, api_work_fail, api_work_release;
request_handler api_job_list, api_job_show, api_job_retry;
request_handler api_upload_options, api_upload_create, api_upload_head, api_upload_patch,
    api_upload_delete;
extern const struct body_stream api_upload_body;
request_handler api_token_create, api_token_list, api_token_delete;
request_handler api_watch, api_system, api_gc, api_document, api_health, api_ready, api_metrics;

#endif
