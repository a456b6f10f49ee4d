#!/bin/bash
# usage: build.sh BUILD_DIR LIBSAMPAN_A [CFLAG…]
#
# Builds BUILD_DIR/ngx_http_sampan_module.so for the nginx that Debian ships, from the headers and
# the ./configure of nginx-dev: the same configure arguments give the same binary signature, so the
# stock nginx loads it. libsampan is linked in; libc and libsodium are what remains outside.
# A CFLAG is added to the module's own; a sanitizer there is found by nginx through LD_PRELOAD.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
library=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
shift 2

source=${NGINX_SOURCE:-/usr/share/nginx/src}
tree=$out/nginx

[ -f "$source/conf_flags" ] || {
    echo "build.sh: there are no nginx headers in $source: install nginx-dev" >&2
    exit 1
}

export SAMPAN_INCLUDE=$here/../../include SAMPAN_LIBRARY=$library

# configure takes six seconds and depends on nothing but nginx-dev, these two files and the arguments
made_from() { cat "$source/conf_flags" "$here/config" "$here/build.sh"; echo "$library" "$@"; }
if ! made_from "$@" | cmp -s - "$tree/made-from"; then
    rm -rf "$tree"
    cp -r "$source" "$tree"
    (
        cd "$tree"
        # shellcheck source=/dev/null
        . ./conf_flags
        ./configure "${NGX_CONF_FLAGS[@]}" --add-dynamic-module="$here" >configure.log 2>&1 ||
            { cat configure.log >&2; exit 1; }
    )
    made_from "$@" >"$tree/made-from"
fi

# nginx's headers as the system's, so that warnings are about our code alone; without -Wconversion, which
# its bit fields and its ngx_flag_t cannot keep
system=
for dir in src/core src/event src/event/modules src/os/unix objs src/http src/http/modules src/http/v2; do
    system="$system -isystem $dir"
done

cd "$tree"
rm -f objs/ngx_http_sampan_module.so
make -s -f objs/Makefile modules CFLAGS="-pipe -O2 -g -fPIC -std=gnu11 \
    -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wpointer-arith -Wno-unused-parameter -Werror \
    -fstack-protector-strong -fstack-clash-protection -fcf-protection $system $*" \
    LINK="cc -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--exclude-libs,ALL"
mv objs/ngx_http_sampan_module.so "$out/"
