
/*
 * What the module's files know of each other: ngx_http_sampan_module.c takes a
 * request and asks for its answer, ngx_http_sampan_send.c sends that,
 * ngx_http_sampan_cache.c keeps publications open.
 */


#ifndef _NGX_HTTP_SAMPAN_H_INCLUDED_
#define _NGX_HTTP_SAMPAN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "sampan/answer.h"

#include "ngx_http_sampan_cache.h"


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


/*
 * Send the answer, whose memory ctx has.  The result is a handler's.  Every
 * file is open before the status is sent.
 */
ngx_int_t ngx_http_sampan_send(ngx_http_request_t *r,
    ngx_http_sampan_ctx_t *ctx, struct spn_answer *answer);

/* Add a header; NULL: no memory. */
ngx_table_elt_t *ngx_http_sampan_push(ngx_http_request_t *r, ngx_str_t *key,
    u_char *value, size_t len);


extern ngx_module_t  ngx_http_sampan_module;


#endif /* _NGX_HTTP_SAMPAN_H_INCLUDED_ */
