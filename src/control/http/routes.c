/* routes.c - everything the API has. docs/formats/api/openapi.json is held against this table. */
#include "api.h"

#define V1 "/api/v1"

#define CHANGES ROUTE_CHANGES
#define ONCE    (ROUTE_CHANGES | ROUTE_IDEMPOTENT)

/* clang-format off */
const struct route routes[] = {
    { "POST",   V1 "/ingests",                  "createIngest",      MAY_EDIT, ONCE,    api_ingest_create, NULL, NULL },
    { "GET",    V1 "/ingests",                  "listIngests",       MAY_VIEW, 0,       api_ingest_list, NULL, NULL },
    { "GET",    V1 "/ingests/{ingest}",         "showIngest",        MAY_VIEW, 0,       api_ingest_show, NULL, NULL },
    { "DELETE", V1 "/ingests/{ingest}",         "cancelIngest",      MAY_EDIT, CHANGES, api_ingest_cancel, NULL, NULL },
    { "POST",   V1 "/ingests/{ingest}/retry",   "retryIngest",       MAY_EDIT, CHANGES, api_ingest_retry, NULL, NULL },
    { "GET",    V1 "/ingests/{ingest}/events",  "watchIngest",       MAY_VIEW, 0,       api_ingest_events, NULL, NULL },

    { "POST",   V1 "/titles",                   "createTitle",       MAY_EDIT, ONCE,    api_title_create, NULL, NULL },
    { "GET",    V1 "/titles",                   "listTitles",        MAY_VIEW, 0,       api_title_list, NULL, NULL },
    { "GET",    V1 "/titles/{title}",           "showTitle",         MAY_VIEW, 0,       api_title_show, NULL, NULL },
    { "PATCH",  V1 "/titles/{title}",           "changeTitle",       MAY_EDIT, CHANGES, api_title_change, NULL, NULL },
    { "DELETE", V1 "/titles/{title}",           "deleteTitle",       MAY_EDIT, CHANGES, api_title_delete, NULL, NULL },

    { "GET",    V1 "/assets",                   "listAssets",        MAY_VIEW, 0,       api_asset_list, NULL, NULL },
    { "GET",    V1 "/assets/{asset}",           "showAsset",         MAY_VIEW, 0,       api_asset_show, NULL, NULL },
    { "DELETE", V1 "/assets/{asset}",           "deleteAsset",       MAY_EDIT, CHANGES, api_asset_delete, NULL, NULL },

    { "GET",    V1 "/assets/{asset}/restricted", "showRestricted",   MAY_VIEW, 0,       api_restricted_show, NULL, NULL },
    { "PUT",    V1 "/assets/{asset}/restricted", "restrictAsset",    MAY_EDIT, CHANGES, api_restricted_set, NULL, NULL },
    { "DELETE", V1 "/assets/{asset}/restricted", "unrestrictAsset",  MAY_EDIT, CHANGES, api_restricted_clear, NULL, NULL },

    { "POST",   V1 "/cuts",                     "createCut",         MAY_EDIT, ONCE | ROUTE_LIST, api_cut_create, NULL, NULL },
    { "GET",    V1 "/cuts",                     "listCuts",          MAY_VIEW, 0,       api_cut_list, NULL, NULL },
    { "GET",    V1 "/cuts/{cut}",               "showCut",           MAY_VIEW, 0,       api_cut_show, NULL, NULL },
    { "DELETE", V1 "/cuts/{cut}",               "deleteCut",         MAY_EDIT, CHANGES, api_cut_delete, NULL, NULL },
    { "POST",   V1 "/cuts/{cut}/check",         "checkCut",          MAY_VIEW, 0,       api_cut_check, NULL, NULL },
    { "POST",   V1 "/cuts/{cut}/build",         "buildCut",          MAY_EDIT, CHANGES, api_cut_build, NULL, NULL },
    { "POST",   V1 "/cuts/{cut}/verify",        "verifyCut",         MAY_EDIT, CHANGES, api_cut_verify, NULL, NULL },
    { "GET",    V1 "/cuts/{cut}/verification",  "showVerification",  MAY_VIEW, 0,       api_cut_verification, NULL, NULL },
    { "POST",   V1 "/cuts/{cut}/flatten",       "flattenCut",        MAY_EDIT, CHANGES, api_cut_flatten, NULL, NULL },
    { "GET",    V1 "/cuts/{cut}/flat/{rung}",   "showFlat",          MAY_VIEW, 0,       api_flat_show, NULL, NULL },
    { "GET",    V1 "/cuts/{cut}/flat/{rung}/file", "downloadFlat",   MAY_VIEW, 0,       api_flat_file, NULL, NULL },
    { "GET",    V1 "/cuts/{cut}/export",        "exportCut",         MAY_VIEW, 0,       api_cut_export, NULL, NULL },
    { "GET",    V1 "/cuts/{cut}/diff/{other}",  "compareCuts",       MAY_VIEW, 0,       api_cut_diff, NULL, NULL },

    { "POST",   V1 "/publications",             "createPublication", MAY_EDIT, ONCE,    api_publication_create, api_publication_made, NULL },
    { "GET",    V1 "/publications",             "listPublications",  MAY_VIEW, 0,       api_publication_list, NULL, NULL },
    { "GET",    V1 "/publications/{publication}", "showPublication", 0,        0,       api_publication_show, NULL, NULL },
    { "DELETE", V1 "/publications/{publication}", "withdrawPublication", MAY_EDIT, 0,   api_publication_withdraw, NULL, NULL },

    { "POST",   V1 "/work/claim",               "claimJob",          MAY_WORK, 0,          api_work_claim, NULL, NULL },
    { "POST",   V1 "/work/{job}/beat",          "beatJob",           MAY_WORK, 0,          api_work_beat, NULL, NULL },
    { "POST",   V1 "/work/{job}/commit",        "commitJob",         MAY_WORK, ROUTE_WORK, api_work_commit, NULL, NULL },
    { "POST",   V1 "/work/{job}/fail",          "failJob",           MAY_WORK, 0,          api_work_fail, NULL, NULL },
    { "POST",   V1 "/work/{job}/release",       "releaseJob",        MAY_WORK, 0,          api_work_release, NULL, NULL },
    { "GET",    V1 "/jobs",                     "listJobs",          MAY_VIEW, 0,       api_job_list, NULL, NULL },
    { "GET",    V1 "/jobs/{job}",               "showJob",           MAY_VIEW, 0,       api_job_show, NULL, NULL },
    { "POST",   V1 "/jobs/{job}/retry",         "retryJob",          MAY_EDIT, 0,       api_job_retry, NULL, NULL },

    { "OPTIONS", V1 "/uploads",                 "describeUploads",   0,        0,       api_upload_options, NULL, NULL },
    { "POST",   V1 "/uploads",                  "createUpload",      MAY_EDIT, CHANGES, api_upload_create, NULL, NULL },
    { "HEAD",   V1 "/uploads/{upload}",         "showUpload",        MAY_EDIT, 0,       api_upload_head, NULL, NULL },
    { "PATCH",  V1 "/uploads/{upload}",         "continueUpload",    MAY_EDIT, 0,       api_upload_patch, NULL, &api_upload_body },
    { "DELETE", V1 "/uploads/{upload}",         "deleteUpload",      MAY_EDIT, 0,       api_upload_delete, NULL, NULL },

    { "POST",   V1 "/tokens",                   "createToken",       MAY_OWN,  CHANGES, api_token_create, NULL, NULL },
    { "GET",    V1 "/tokens",                   "listTokens",        MAY_OWN,  0,       api_token_list, NULL, NULL },
    { "DELETE", V1 "/tokens/{token}",           "deleteToken",       MAY_OWN,  CHANGES, api_token_delete, NULL, NULL },

    { "GET",    V1 "/watch",                    "listWatchable",     0,        0,       api_watch, NULL, NULL },
    { "GET",    V1 "/system",                   "showSystem",        MAY_VIEW, 0,       api_system, NULL, NULL },
    { "POST",   V1 "/gc",                       "collectGarbage",    MAY_OWN,  0,       api_gc, NULL, NULL },
    { "GET",    V1 "/openapi.json",             "describeApi",       0,        0,       api_document, NULL, NULL },
    { "GET",    "/healthz",                     "checkHealth",       0,        0,       api_health, NULL, NULL },
    { "GET",    "/readyz",                      "checkReady",        0,        0,       api_ready, NULL, NULL },
    { "GET",    "/metrics",                     "showMetrics",       0,        0,       api_metrics, NULL, NULL },
};
/* clang-format on */
const size_t route_count = sizeof(routes) / sizeof(routes[0]);
