
#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_sampan_cache.h"


#define NGX_HTTP_SAMPAN_MISSING_VALID  1000


struct ngx_http_sampan_cache_s {
    ngx_rbtree_t             rbtree;
    ngx_rbtree_node_t        sentinel;

    ngx_queue_t              open;      /* most recently used first */
    ngx_uint_t               nopen;
    ngx_queue_t              missing;   /* youngest first */
    ngx_uint_t               nmissing;

    ngx_uint_t               max;
    ngx_msec_t               valid;
};


static ngx_int_t ngx_http_sampan_cache_still(ngx_http_sampan_entry_t *entry);
static ngx_int_t ngx_http_sampan_cache_load(ngx_str_t *path,
    ngx_http_sampan_entry_t **out, struct spn_error *err);
static void ngx_http_sampan_cache_insert(ngx_http_sampan_cache_t *cache,
    ngx_http_sampan_entry_t *entry, uint32_t hash);
static void ngx_http_sampan_cache_remove(ngx_http_sampan_cache_t *cache,
    ngx_http_sampan_entry_t *entry);
static void ngx_http_sampan_cache_cleanup(void *data);


ngx_http_sampan_cache_t *
ngx_http_sampan_cache_create(ngx_conf_t *cf, ngx_uint_t max, ngx_msec_t valid)
{
    ngx_pool_cleanup_t       *cln;
    ngx_http_sampan_cache_t  *cache;

    cache = ngx_pcalloc(cf->pool, sizeof(ngx_http_sampan_cache_t));
    if (cache == NULL) {
        return NULL;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    ngx_rbtree_init(&cache->rbtree, &cache->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&cache->open);
    ngx_queue_init(&cache->missing);

    cache->max = max;
    cache->valid = valid;

    cln->handler = ngx_http_sampan_cache_cleanup;
    cln->data = cache;

    return cache;
}


ngx_int_t
ngx_http_sampan_cache_get(ngx_http_sampan_cache_t *cache, ngx_str_t *path,
    ngx_http_sampan_entry_t **out, struct spn_error *err)
{
    uint32_t                  hash;
    ngx_int_t                 code;
    ngx_msec_t                age, valid;
    ngx_http_sampan_entry_t  *entry;

    *out = NULL;
    err->text[0] = '\0';

    hash = ngx_crc32_long(path->data, path->len);

    entry = (ngx_http_sampan_entry_t *)
                ngx_str_rbtree_lookup(&cache->rbtree, path, hash);

    if (entry) {
        age = ngx_current_msec - entry->checked;
        valid = entry->publication ? cache->valid
                                   : NGX_HTTP_SAMPAN_MISSING_VALID;

        if (age >= valid
            && (entry->publication == NULL
                || ngx_http_sampan_cache_still(entry) != NGX_OK))
        {
            ngx_http_sampan_cache_remove(cache, entry);
            entry = NULL;
        }
    }

    if (entry == NULL) {
        code = ngx_http_sampan_cache_load(path, &entry, err);
        if (entry == NULL) {
            return code;
        }

        ngx_http_sampan_cache_insert(cache, entry, hash);
    }

    if (entry->publication == NULL) {
        return entry->code;
    }

    ngx_queue_remove(&entry->queue);
    ngx_queue_insert_head(&cache->open, &entry->queue);

    entry->refs++;
    *out = entry;

    return SPN_OK;
}


void
ngx_http_sampan_cache_release(ngx_http_sampan_entry_t *entry)
{
    if (--entry->refs) {
        return;
    }

    spn_publication_close(entry->publication);
    ngx_free(entry);
}


/* The file is the one that was mapped, and no tombstone stands beside it. */

static ngx_int_t
ngx_http_sampan_cache_still(ngx_http_sampan_entry_t *entry)
{
    u_char           gone[NGX_MAX_PATH + sizeof(".gone")];
    ngx_file_info_t  fi;

    if (ngx_file_info(entry->node.str.data, &fi) == NGX_FILE_ERROR
        || ngx_file_uniq(&fi) != entry->uniq
        || ngx_file_size(&fi) != entry->size
        || ngx_file_mtime(&fi) != entry->mtime)
    {
        return NGX_DECLINED;
    }

    ngx_snprintf(gone, sizeof(gone), "%V.gone%Z", &entry->node.str);

    if (ngx_file_info(gone, &fi) != NGX_FILE_ERROR) {
        return NGX_DECLINED;
    }

    entry->checked = ngx_current_msec;

    return NGX_OK;
}


/* Only where memory runs out is there no entry: a failure is one as well. */

static ngx_int_t
ngx_http_sampan_cache_load(ngx_str_t *path, ngx_http_sampan_entry_t **out,
    struct spn_error *err)
{
    u_char                   *p;
    ngx_file_info_t           fi;
    ngx_http_sampan_entry_t  *entry;

    *out = NULL;

    if (path->len > NGX_MAX_PATH) {
        return spn_error_set(err, SPN_ELIMIT,
                             "a publication's path is longer than %d bytes",
                             (int) NGX_MAX_PATH);
    }

    entry = ngx_calloc(sizeof(ngx_http_sampan_entry_t) + path->len + 1,
                       ngx_cycle->log);
    if (entry == NULL) {
        return spn_error_set(err, SPN_ENOMEM, "no memory for a publication");
    }

    p = (u_char *) entry + sizeof(ngx_http_sampan_entry_t);
    ngx_memcpy(p, path->data, path->len);

    entry->node.str.data = p;
    entry->node.str.len = path->len;
    entry->checked = ngx_current_msec;
    entry->refs = 1;

    if (ngx_file_info(p, &fi) != NGX_FILE_ERROR) {
        entry->uniq = ngx_file_uniq(&fi);
        entry->size = ngx_file_size(&fi);
        entry->mtime = ngx_file_mtime(&fi);
    }

    entry->code = spn_publication_open((char *) p, &entry->publication, err);

    *out = entry;

    return entry->code;
}


static void
ngx_http_sampan_cache_insert(ngx_http_sampan_cache_t *cache,
    ngx_http_sampan_entry_t *entry, uint32_t hash)
{
    ngx_queue_t  *queue;

    entry->node.node.key = hash;
    ngx_rbtree_insert(&cache->rbtree, &entry->node.node);

    if (entry->publication) {
        queue = &cache->open;
        cache->nopen++;

    } else {
        queue = &cache->missing;
        cache->nmissing++;
    }

    ngx_queue_insert_head(queue, &entry->queue);

    if (cache->nopen > cache->max || cache->nmissing > cache->max) {
        entry = ngx_queue_data(ngx_queue_last(queue), ngx_http_sampan_entry_t,
                               queue);
        ngx_http_sampan_cache_remove(cache, entry);
    }
}


static void
ngx_http_sampan_cache_remove(ngx_http_sampan_cache_t *cache,
    ngx_http_sampan_entry_t *entry)
{
    if (entry->publication) {
        cache->nopen--;

    } else {
        cache->nmissing--;
    }

    ngx_queue_remove(&entry->queue);
    ngx_rbtree_delete(&cache->rbtree, &entry->node.node);

    ngx_http_sampan_cache_release(entry);
}


static void
ngx_http_sampan_cache_cleanup(void *data)
{
    ngx_http_sampan_cache_t *cache = data;

    while (!ngx_queue_empty(&cache->open)) {
        ngx_http_sampan_cache_remove(cache,
            ngx_queue_data(ngx_queue_head(&cache->open),
                           ngx_http_sampan_entry_t, queue));
    }

    while (!ngx_queue_empty(&cache->missing)) {
        ngx_http_sampan_cache_remove(cache,
            ngx_queue_data(ngx_queue_head(&cache->missing),
                           ngx_http_sampan_entry_t, queue));
    }
}
