
/*
 * Serves publications: parse the path, ask libsampan which bytes answer it,
 * send them.  All that a response costs beyond a static file is here and in
 * spn_answer_make(): no database, no decoding, no copy of pictures.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "sampan/answer.h"

#include "ngx_http_sampan_cache.h"


/*
 * Up to this many bytes one copy costs less than the system calls of sendfile:
 * with 3 fragments in a segment, 2 + 6 of them.  bench/delivery has the row.
 */
#define NGX_HTTP_SAMPAN_COPY_MAX  131072

#define NGX_HTTP_SAMPAN_FOREVER   "public, max-age=31536000, immutable"
#define NGX_HTTP_SAMPAN_BRIEFLY   "public, max-age=1"
#define NGX_HTTP_SAMPAN_NEVER     "no-store"


typedef struct {
    ngx_str_t                 root;      /* the data directory */
    ngx_http_sampan_cache_t  *cache;
} ngx_http_sampan_loc_conf_t;


/* What must live until the last byte is sent. */

typedef struct {
    ngx_http_sampan_entry_t  *entry;
    struct spn_request        request;
    struct spn_buffer         memory;    /* of the answer */
    ngx_table_elt_t          *cache_control;
} ngx_http_sampan_ctx_t;


static ngx_int_t ngx_http_sampan_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_sampan_preflight(ngx_http_request_t *r);
static ngx_int_t ngx_http_sampan_publication(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx);
static ngx_int_t ngx_http_sampan_send(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, struct spn_answer *answer);
static ngx_int_t ngx_http_sampan_send_header(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, struct spn_answer *answer);
static ngx_chain_t *ngx_http_sampan_chain(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, struct spn_answer *answer);
static ngx_chain_t *ngx_http_sampan_copy(ngx_http_request_t *r,
    ngx_chain_t *in, size_t size);
static void ngx_http_sampan_nodelay(ngx_connection_t *c);
static ngx_file_t *ngx_http_sampan_open(ngx_http_request_t *r,
    struct spn_publication *publication, uint32_t index);
static ngx_int_t ngx_http_sampan_fail(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, ngx_int_t code, struct spn_error *err);
static ngx_table_elt_t *ngx_http_sampan_push(ngx_http_request_t *r,
    ngx_str_t *key, u_char *value, size_t len);
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
static ngx_str_t  ngx_http_sampan_expose_headers =
    ngx_string("Access-Control-Expose-Headers");
static ngx_str_t  ngx_http_sampan_cache_control =
    ngx_string("Cache-Control");
static ngx_str_t  ngx_http_sampan_etag = ngx_string("ETag");


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


static ngx_int_t
ngx_http_sampan_send(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx,
    struct spn_answer *answer)
{
    ngx_int_t                  rc;
    ngx_chain_t               *out;
    ngx_http_core_loc_conf_t  *clcf;

    /* every file is open before the status is sent */

    out = ngx_http_sampan_chain(r, ctx, answer);
    if (out == NULL) {
        ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_NEVER);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->root_tested = !r->error_page;

    rc = ngx_http_sampan_send_header(r, ctx, answer);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* where threads read, a cold file must not hold up the worker */

    if (answer->size <= NGX_HTTP_SAMPAN_COPY_MAX
        && clcf->aio != NGX_HTTP_AIO_THREADS)
    {
        out = ngx_http_sampan_copy(r, out, (size_t) answer->size);
        if (out == NULL) {
            return NGX_ERROR;
        }

    } else if (out->next && clcf->tcp_nopush && clcf->tcp_nodelay) {
        ngx_http_sampan_nodelay(r->connection);
    }

    return ngx_http_output_filter(r, out);
}


static ngx_int_t
ngx_http_sampan_send_header(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx,
    struct spn_answer *answer)
{
    size_t            len;
    u_char           *etag;
    ngx_int_t         rc;
    ngx_table_elt_t  *h;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = (off_t) answer->size;
    r->headers_out.last_modified_time = ctx->entry->mtime;

    r->headers_out.content_type.data = (u_char *) answer->content_type;
    r->headers_out.content_type.len = ngx_strlen(answer->content_type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    len = ngx_strlen(answer->etag);

    etag = ngx_pnalloc(r->pool, len);
    if (etag == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(etag, answer->etag, len);

    h = ngx_http_sampan_push(r, &ngx_http_sampan_etag, etag, len);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.etag = h;

    h = ngx_http_sampan_push(r, &ngx_http_sampan_expose_headers, NULL, 0);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_str_set(&h->value, "Content-Length, Content-Range, Date, ETag");
    ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_FOREVER);

    /* several ranges of several buffers are beyond nginx: they get it whole */

    r->allow_ranges = 1;
    r->single_range = 1;

    rc = ngx_http_send_header(r);

    if (rc > NGX_OK) {
        ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_NEVER);
    }

    return rc;
}


static ngx_chain_t *
ngx_http_sampan_chain(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx,
    struct spn_answer *answer)
{
    size_t            i;
    uint32_t          index;
    ngx_buf_t        *b;
    ngx_file_t       *file;
    ngx_chain_t      *out, *cl, **ll;
    struct spn_part  *part;

    b = NULL;
    out = NULL;
    ll = &out;

    file = NULL;
    index = 0;

    for (i = 0; i < answer->part_count; i++) {
        part = &answer->parts[i];

        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);
        if (b == NULL || cl == NULL) {
            return NULL;
        }

        if (part->bytes) {
            b->pos = (u_char *) part->bytes;
            b->last = b->pos + part->size;
            b->memory = 1;

        } else {
            if (file == NULL || part->file != index) {
                index = part->file;

                file = ngx_http_sampan_open(r, ctx->entry->publication, index);
                if (file == NULL) {
                    return NULL;
                }
            }

            b->file = file;
            b->file_pos = (off_t) part->offset;
            b->file_last = (off_t) (part->offset + part->size);
            b->in_file = 1;
        }

        cl->buf = b;
        *ll = cl;
        ll = &cl->next;
    }

    *ll = NULL;

    if (b == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "sampan: the answer has no bytes");
        return NULL;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    return out;
}


/* The same bytes in one buffer, after the status was sent. */

static ngx_chain_t *
ngx_http_sampan_copy(ngx_http_request_t *r, ngx_chain_t *in, size_t size)
{
    size_t        n;
    ngx_buf_t    *b, *from;
    ngx_chain_t  *cl;

    if (in->next == NULL && !in->buf->in_file) {
        return in;
    }

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NULL;
    }

    for (cl = in; cl; cl = cl->next) {
        from = cl->buf;

        if (!from->in_file) {
            b->last = ngx_cpymem(b->last, from->pos, from->last - from->pos);
            continue;
        }

        n = (size_t) (from->file_last - from->file_pos);

        if (ngx_read_file(from->file, b->last, n, from->file_pos)
            != (ssize_t) n)
        {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "sampan: %V ends before byte %O",
                          &from->file->name, from->file_last);
            return NULL;
        }

        b->last += n;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    in->buf = b;
    in->next = NULL;

    return in;
}


/*
 * Several buffers end in the middle of a packet.  When nginx takes TCP_CORK
 * away after them, Nagle's rule still keeps the last packet until what was
 * sent is acknowledged, which the other side delays: 40 ms a response on a
 * kept connection.  With TCP_NODELAY beneath it, taking TCP_CORK away sends.
 * c->tcp_nodelay is left alone: nginx holds the two for exclusive.
 */

static void
ngx_http_sampan_nodelay(ngx_connection_t *c)
{
    int  nodelay;

    if (c->tcp_nodelay != NGX_TCP_NODELAY_UNSET) {
        return;
    }

    nodelay = 1;

    (void) setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof(int));
}


static ngx_file_t *
ngx_http_sampan_open(ngx_http_request_t *r,
    struct spn_publication *publication, uint32_t index)
{
    u_char                       path[NGX_MAX_PATH];
    ngx_str_t                    name;
    ngx_file_t                  *file;
    struct spn_error             err;
    struct spn_plan_file         plan;
    ngx_open_file_info_t         of;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_sampan_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_sampan_module);

    if (spn_publication_file(publication, index, &plan) < 0
        || spn_plan_file_path(&plan, (char *) slcf->root.data, (char *) path,
                              sizeof(path), &err)
           < 0)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "sampan: there is no place for file %uD of %s", index,
                      spn_publication_id(publication));
        return NULL;
    }

    name.len = ngx_strlen(path);
    name.data = ngx_pnalloc(r->pool, name.len + 1);
    if (name.data == NULL) {
        return NULL;
    }

    ngx_memcpy(name.data, path, name.len + 1);

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(&of, sizeof(ngx_open_file_info_t));

    of.read_ahead = clcf->read_ahead;
    of.directio = NGX_OPEN_FILE_DIRECTIO_OFF;
    of.valid = clcf->open_file_cache_valid;
    of.min_uses = clcf->open_file_cache_min_uses;
    of.errors = clcf->open_file_cache_errors;
    of.events = clcf->open_file_cache_events;

    if (ngx_open_cached_file(clcf->open_file_cache, &name, &of, r->pool)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, of.err,
                      "sampan: %s \"%V\" of %s failed", of.failed, &name,
                      spn_publication_id(publication));
        return NULL;
    }

    if (!of.is_file || of.size != (off_t) plan.size) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "sampan: \"%V\" has %O bytes where %s says %uL", &name,
                      of.size, spn_publication_id(publication),
                      (uint64_t) plan.size);
        return NULL;
    }

    file = ngx_pcalloc(r->pool, sizeof(ngx_file_t));
    if (file == NULL) {
        return NULL;
    }

    file->fd = of.fd;
    file->name = name;
    file->log = r->connection->log;

    return file;
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


static ngx_table_elt_t *
ngx_http_sampan_push(ngx_http_request_t *r, ngx_str_t *key, u_char *value,
    size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key = *key;
    h->value.data = value;
    h->value.len = len;

    return h;
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
