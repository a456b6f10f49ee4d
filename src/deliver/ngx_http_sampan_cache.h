
/*
 * The publications that a worker has open.
 *
 * One cache belongs to one worker: it is made with the configuration and
 * filled after the fork.  A publication is opened when it is first asked for.
 * At most max of them are kept, the least recently used goes first; one that
 * a response still points into stays mapped until it is released.  Names
 * that did not open are remembered for a second, at most max of them, apart
 * from the others: unknown names cannot push out what is being watched.
 */


#ifndef _NGX_HTTP_SAMPAN_CACHE_H_INCLUDED_
#define _NGX_HTTP_SAMPAN_CACHE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sampan/publication.h"


/* each is a mapping, of which the kernel gives a process 65530 */
#define NGX_HTTP_SAMPAN_CACHE_MAX      32768
#define NGX_HTTP_SAMPAN_CACHE_DEFAULT  1000

/* a withdrawn publication must be answered with 410 within 5 seconds */
#define NGX_HTTP_SAMPAN_VALID_MAX      4000
#define NGX_HTTP_SAMPAN_VALID_DEFAULT  2000


typedef struct ngx_http_sampan_cache_s  ngx_http_sampan_cache_t;


typedef struct {
    ngx_str_node_t           node;         /* its string is the file's path */
    ngx_queue_t              queue;        /* of those open, or those not */
    struct spn_publication  *publication;  /* NULL: the name did not open */
    ngx_int_t                code;         /* then why: an spn_code */
    ngx_msec_t               checked;
    ngx_file_uniq_t          uniq;
    off_t                    size;
    time_t                   mtime;
    ngx_uint_t               refs;         /* the cache's own is one */
} ngx_http_sampan_entry_t;


ngx_http_sampan_cache_t *ngx_http_sampan_cache_create(ngx_conf_t *cf,
    ngx_uint_t max, ngx_msec_t valid);

/*
 * The publication whose file is path.  SPN_OK: *entry has it open and goes to
 * ngx_http_sampan_cache_release().  SPN_ENOENT, SPN_EGONE or another code:
 * *entry is NULL; err->text is empty where the failure is a remembered one.
 */
ngx_int_t ngx_http_sampan_cache_get(ngx_http_sampan_cache_t *cache,
    ngx_str_t *path, ngx_http_sampan_entry_t **entry, struct spn_error *err);
void ngx_http_sampan_cache_release(ngx_http_sampan_entry_t *entry);


#endif /* _NGX_HTTP_SAMPAN_CACHE_H_INCLUDED_ */
