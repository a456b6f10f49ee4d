
/* Sends an answer: its parts become a chain of memory and file ranges. */


#include "ngx_http_sampan.h"


/*
 * Up to this many bytes one copy costs less than the system calls of sendfile:
 * with 3 fragments in a segment, 2 + 6 of them.  bench/delivery has the row.
 */
#define NGX_HTTP_SAMPAN_COPY_MAX  131072


static ngx_int_t ngx_http_sampan_send_header(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, struct spn_answer *answer);
static ngx_chain_t *ngx_http_sampan_chain(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, struct spn_answer *answer,
    ngx_uint_t *ranges);
static ngx_int_t ngx_http_sampan_copy(ngx_http_request_t *r, ngx_chain_t *out,
    size_t size);
static void ngx_http_sampan_nodelay(ngx_connection_t *c);
static ngx_file_t *ngx_http_sampan_open(ngx_http_request_t *r,
    struct spn_publication *publication, uint32_t index);


static ngx_str_t  ngx_http_sampan_expose_headers =
    ngx_string("Access-Control-Expose-Headers");
static ngx_str_t  ngx_http_sampan_etag = ngx_string("ETag");


ngx_int_t
ngx_http_sampan_send(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx,
    struct spn_answer *answer)
{
    ngx_int_t                  rc;
    ngx_uint_t                 ranges;
    ngx_chain_t               *out;
    ngx_http_core_loc_conf_t  *clcf;

    /* every file is open before the status is sent */

    out = ngx_http_sampan_chain(r, ctx, answer, &ranges);
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

    if (ranges && answer->size <= NGX_HTTP_SAMPAN_COPY_MAX
        && clcf->aio != NGX_HTTP_AIO_THREADS)
    {
        if (ngx_http_sampan_copy(r, out, (size_t) answer->size) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ranges && clcf->tcp_nopush && clcf->tcp_nodelay) {
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

    /*
     * several ranges of several buffers are beyond nginx: they get it whole;
     * RFC 9110, 14.2: a range is of GET alone
     */

    r->allow_ranges = 1;
    r->single_range = 1;

    if (r->method != NGX_HTTP_GET) {
        r->headers_in.range = NULL;
    }

    rc = ngx_http_send_header(r);

    if (rc > NGX_OK) {
        ngx_str_set(&ctx->cache_control->value, NGX_HTTP_SAMPAN_NEVER);
    }

    return rc;
}


static ngx_chain_t *
ngx_http_sampan_chain(ngx_http_request_t *r, ngx_http_sampan_ctx_t *ctx,
    struct spn_answer *answer, ngx_uint_t *ranges)
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
    *ranges = 0;

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

            (*ranges)++;
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

static ngx_int_t
ngx_http_sampan_copy(ngx_http_request_t *r, ngx_chain_t *out, size_t size)
{
    size_t        n;
    ngx_buf_t    *b, *from;
    ngx_chain_t  *cl;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_ERROR;
    }

    for (cl = out; cl; cl = cl->next) {
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
            return NGX_ERROR;
        }

        b->last += n;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out->buf = b;
    out->next = NULL;

    return NGX_OK;
}


/*
 * A segment of TCP carries 17 pieces (MAX_SKB_FRAGS): the header and 16 pages.
 * A range that begins within a page, or several buffers, make a short one in
 * the middle, and Nagle's rule then keeps the last segment until the short one
 * is acknowledged, which the other side delays: when nginx takes TCP_CORK away
 * nothing is sent for 40 ms, in each response of a kept connection.  With
 * TCP_NODELAY beneath it, taking TCP_CORK away sends.  c->tcp_nodelay is left
 * alone: nginx holds the two for exclusive.
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


ngx_table_elt_t *
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
