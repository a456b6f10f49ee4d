/*
 * nginx_conf.h - what nginx is told by sampan up.
 */
#ifndef CLI_NGINX_CONF_H
#define CLI_NGINX_CONF_H

#include "sampan/buffer.h"
#include "settings.h"

/* Where things are on this machine. */
struct nginx_places {
    const char *module; /* ngx_http_sampan_module.so */
    const char *web;    /* the built pages; NULL: a page says how to build them */
    int ipv6;           /* localhost has ::1 too */
    uint64_t files;     /* descriptors a worker may have open */
};

/* As many descriptors as this process may give a child, at most 65536. */
uint64_t nginx_files(void);

/* Append the configuration. SPN_EINVAL: a path in it holds what nginx's syntax cannot. */
int nginx_conf_make(const struct settings *settings, const struct nginx_places *places,
                    struct spn_buffer *out, struct spn_error *err);

#endif
