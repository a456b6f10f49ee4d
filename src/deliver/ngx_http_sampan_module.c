
/*
 * Serves publications: parse the path, ask libsampan which bytes answer it,
 * send them.  All that a response costs beyond a static file is here, in
 * ngx_http_sampan_send.c and in spn_answer_make(): no database, no decoding,
 * no copy of pictures.
 */


#include "ngx_http_sampan.h"


static ngx_int_t ngx_http_sampan_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_sampan_preflight(ngx_http_request_t *r);
static ngx_int_t ngx_http_sampan_publication(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx);
static ngx_int_t ngx_http_sampan_fail(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, ngx_int_t code, struct spn_error *err);
static void ngx_http_sampan_cleanup(void *data);
static ngx_int_t ngx_http_sampan_publication_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_sampan_resource_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_sampan_add_variables(ngx_conf_t *cf);
static void *ngx_http_sampan_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_sampan_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_sampan(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_sampan_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_str_t  ngx_http_sampan_allow_origin =
    ngx_string("Access-Control-Allow-Origin");
static ngx_str_t  ngx_http_sampan_allow_methods =
    ngx_string("Access-Control-Allow-Methods");
static ngx_str_t  ngx_http_sampan_allow_headers =
    ngx_string("Access-Control-Allow-Headers");
static ngx_str_t  ngx_http_sampan_max_age =
    ngx_string("Access-Control-Max-Age");
static ngx_str_t  ngx_http_sampan_cache_control =
    ngx_string("Cache-Control");


static ngx_command_t  ngx_http_sampan_commands[] = {

    { ngx_string("sampan"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_sampan,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("sampan_cache"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_sampan_cache,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_sampan_module_ctx = {
    ngx_http_sampan_add_variables,         /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_sampan_create_loc_conf,       /* create location configuration */
    ngx_http_sampan_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_sampan_module = {
    NGX_MODULE_V1,
    &ngx_http_sampan_module_ctx,           /* module context */
    ngx_http_sampan_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_http_sampan_vars[] = {

    { ngx_string("sampan_publication"), NULL,
      ngx_http_sampan_publication_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("sampan_resource"), NULL,
      ngx_http_sampan_resource_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_str_t  ngx_http_sampan_resources[] = {
    ngx_null_string,
    ngx_string("multivariant"),            /* SPN_MULTIVARIANT */
    ngx_string("mpd"),                     /* SPN_MPD */
    ngx_string("media_playlist"),          /* SPN_MEDIA_PLAYLIST */
    ngx_string("iframe_playlist"),         /* SPN_IFRAME_PLAYLIST */
    ngx_string("init"),                    /* SPN_INIT */
    ngx_string("segment"),                 /* SPN_SEGMENT */
    ngx_string("iframe_segment"),          /* SPN_IFRAME_SEGMENT */
    ngx_string("text_segment"),            /* SPN_TEXT_SEGMENT */
    ngx_string("text_whole"),              /* SPN_TEXT_WHOLE */
    ngx_string("image_playlist"),          /* SPN_IMAGE_PLAYLIST */
    ngx_string("sheet"),                   /* SPN_SHEET */
    ngx_string("storyboard"),              /* SPN_STORYBOARD */
    ngx_string("chapters")                 /* SPN_CHAPTERS */
};


static ngx_int_t
ngx_http_sampan_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    struct spn_error        err;
    struct spn_answer       answer;
    ngx_pool_cleanup_t     *cln;
    ngx_http_sampan_ctx_t  *ctx;

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_sampan_preflight(r);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_sampan_ctx_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_sampan_ctx_t));
    cln->handler = ngx_http_sampan_cleanup;

    ctx->cache_control = ngx_http_sampan_push(r,
                                              &ngx_http_sampan_cache_control,
                                              NULL, 0);

    if (ctx->cache_control == NULL
        || ngx_http_sampan_push(r, &ngx_http_sampan_allow_origin,
                                (u_char *) "*", 1)
           == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = spn_request_parse((char *) r->uri.data, r->uri.len, &ctx->request,
                           &err);
    if (rc < 0) {
        return ngx_http_sampan_fail(r, ctx, rc, &err);
    }

    ngx_http_set_ctx(r, ctx, ngx_http_sampan_module);

    rc = ngx_http_sampan_publication(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&answer, sizeof(struct spn_answer));

    rc = spn_answer_make(ctx->entry->publication, &ctx->request, &answer,
                         &err);

    /* the cleanup frees what the answer allocated, made or not */
    ctx->memory = answer.memory;

    if (rc < 0) {
        return ngx_http_sampan_fail(r, ctx, rc, &err);
    }

    return ngx_http_sampan_send(r, ctx, &answer);
}


/* What a browser asks before it sends Range or If-None-Match elsewhere. */

static ngx_int_t
ngx_http_sampan_preflight(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

#define push(key, value)                                                      \
    ngx_http_sampan_push(r, key, (u_char *) (value), sizeof(value) - 1)

    if (push(&ngx_http_sampan_allow_origin, "*") == NULL
        || push(&ngx_http_sampan_allow_methods, "GET, HEAD, OPTIONS") == NULL
        || push(&ngx_http_sampan_allow_headers,
                "Range, If-Match, If-Modified-Since, If-None-Match, If-Range, "
                "If-Unmodified-Since")
           == NULL
        || push(&ngx_http_sampan_max_age, "86400") == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#undef push

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_sampan_publication(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx)
{
    u_char                       path[NGX_MAX_PATH];
    ngx_int_t                    rc;
    ngx_str_t                    name;
    struct spn_error             err;
    ngx_http_sampan_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sampan_module);

    rc = spn_file_place((char *) path, sizeof(path), (char *) slcf->root.data,
                        "publication", ctx->request.publication, "", &err);
    if (rc < 0) {
        return ngx_http_sampan_fail(r, ctx, rc, &err);
    }

    name.data = path;
    name.len = ngx_strlen(path);

    rc = ngx_http_sampan_cache_get(slcf->cache, &name, &ctx->entry, &err);
    if (rc < 0) {
        return ngx_http_sampan_fail(r, ctx, rc, &err);
    }

    if (ngx_strcmp(spn_publication_id(ctx->entry->publication),
                   ctx->request.publication)
        != 0)
    {
        rc = spn_error_set(&err, SPN_EMISMATCH, "the file of %s is that of %s",
                           ctx->request.publication,
                           spn_publication_id(ctx->entry->publication));
        return ngx_http_sampan_fail(r, ctx, rc, &err);
    }

    if (!(spn_publication_flags(ctx->entry->publication)
          & SPN_PUBLICATION_OPEN))
    {
        ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_NEVER);
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "sampan: %s is not open to everyone",
                      ctx->request.publication);
        return NGX_HTTP_FORBIDDEN;
    }

    return NGX_OK;
}


/* The status for a code, and its headers; the sentence goes to the log. */

static ngx_int_t
ngx_http_sampan_fail(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx,
    ngx_int_t code, struct spn_error *err)
{
    ngx_int_t   status;
    ngx_uint_t  level;

    level = NGX_LOG_INFO;
    ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_BRIEFLY);

    switch (code) {

    case SPN_ENOENT:
        status = NGX_HTTP_NOT_FOUND;
        break;

    case SPN_EGONE:
        status = 410;
        break;

    default:
        level = NGX_LOG_ERR;
        status = NGX_HTTP_INTERNAL_SERVER_ERROR;
        ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_NEVER);
    }

    if (err->text[0]) {
        ngx_log_error(level, r->connection->log, 0, "sampan: %s", err->text);
    }

    return status;
}


static void
ngx_http_sampan_cleanup(void *data)
{
    ngx_http_sampan_ctx_t *ctx = data;

    spn_buffer_finish(&ctx->memory);

    if (ctx->entry) {
        ngx_http_sampan_cache_release(ctx->entry);
    }
}


static ngx_int_t
ngx_http_sampan_publication_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_sampan_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_sampan_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = (u_char *) ctx->request.publication;
    v->len = ngx_strlen(v->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_sampan_resource_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t              *name;
    ngx_http_sampan_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_sampan_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = &ngx_http_sampan_resources[ctx->request.resource];

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = name->data;
    v->len = name->len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_sampan_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_sampan_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static void *
ngx_http_sampan_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_sampan_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_sampan_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->root = { 0, NULL };
     *     conf->cache = NULL;
     */

    return conf;
}


/* One cache for all that do not have their own. */

static char *
ngx_http_sampan_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_sampan_loc_conf_t *prev = parent;
    ngx_http_sampan_loc_conf_t *conf = child;

    if (conf->cache) {
        return NGX_CONF_OK;
    }

    if (prev->cache == NULL) {
        prev->cache = ngx_http_sampan_cache_create(cf,
                                               NGX_HTTP_SAMPAN_CACHE_DEFAULT,
                                               NGX_HTTP_SAMPAN_VALID_DEFAULT);
        if (prev->cache == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    conf->cache = prev->cache;

    return NGX_CONF_OK;
}


static char *
ngx_http_sampan(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sampan_loc_conf_t *slcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (slcf->root.data) {
        return "is duplicate";
    }

    value = cf->args->elts;
    slcf->root = value[1];

    if (ngx_conf_full_name(cf->cycle, &slcf->root, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (slcf->root.len > 1 && slcf->root.data[slcf->root.len - 1] == '/') {
        slcf->root.data[--slcf->root.len] = '\0';
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_sampan_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_sampan_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_sampan_loc_conf_t *slcf = conf;

    ngx_int_t   max, valid;
    ngx_str_t  *value, s;

    if (slcf->cache) {
        return "is duplicate";
    }

    value = cf->args->elts;

    max = ngx_atoi(value[1].data, value[1].len);

    if (max <= 0 || max > NGX_HTTP_SAMPAN_CACHE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"sampan_cache\" takes a number from 1 to %d, "
                           "not \"%V\"",
                           NGX_HTTP_SAMPAN_CACHE_MAX, &value[1]);
        return NGX_CONF_ERROR;
    }

    valid = NGX_HTTP_SAMPAN_VALID_DEFAULT;

    if (cf->args->nelts == 3) {
        if (ngx_strncmp(value[2].data, "valid=", 6) != 0) {
            goto invalid;
        }

        s.data = value[2].data + 6;
        s.len = value[2].len - 6;

        valid = ngx_parse_time(&s, 0);

        if (valid < 0 || valid > NGX_HTTP_SAMPAN_VALID_MAX) {
            goto invalid;
        }
    }

    slcf->cache = ngx_http_sampan_cache_create(cf, (ngx_uint_t) max,
                                               (ngx_msec_t) valid);
    if (slcf->cache == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" should be \"valid=TIME\" of at most %dms",
                       &value[2], NGX_HTTP_SAMPAN_VALID_MAX);

    return NGX_CONF_ERROR;
}
