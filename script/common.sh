# shellcheck shell=bash
# common.sh - what the scripts share. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() {
    if [ -t 2 ]; then printf '\033[1m== %s\033[0m\n' "$*" >&2; else printf '== %s\n' "$*" >&2; fi
}
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Packages named in the given lists, without comments.
packages() {
    local list
    for list in "$@"; do
        [ -f "script/packages/$list.txt" ] && sed 's/#.*//' "script/packages/$list.txt"
    done | tr -s ' \n' '\n' | sed '/^$/d' | sort -u
}

# Names among the arguments that dpkg does not have.
missing() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$name"
    done
}

# npm's packages in DIR, as its package-lock.json has them. npm writes the file looked at here last of all.
npm_packages() {
    [ ! "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] || return 0
    say "fetching npm's packages for $1"
    (cd "$1" && npm ci --no-fund --no-audit) >&2
}

# The C compiler's jobs: all cores.
# shellcheck disable=SC2034
jobs_n=$(nproc)

# Where everything is that is made: below the checkout, or where others can read it when root runs it.
if [ "$(id -u)" = 0 ]; then
    base=/var/lib/sampan
else
    base=$root/data
fi

# Sets program. Root gives the work to the web server's user, since Sampan does not run as root; that
# user may not be able to read this checkout, so the programs are staged where it can. What is staged is
# never changed: a Sampan that runs from it goes on, and what nobody runs from any more is removed.
stage_program() {
    local staged old
    # shellcheck disable=SC2034
    program=$root/build/src/cli/sampan
    [ "$(id -u)" = 0 ] || return 0
    mkdir -p "$base"
    chmod 755 "$base"
    staged=$(readlink -f "$base/program" || true)
    if [ ! -e "$staged/.staged" ] || [ build/build.ninja -nt "$staged/.staged" ] ||
        [ -n "$(find build -newer "$staged/.staged" -type f -name 'sampan*' -print -quit 2>/dev/null)" ]; then
        staged=$(mktemp -d "$base/program.XXXXXX")
        say "staging the programs in $staged"
        chmod 755 "$staged"
        DESTDIR=$staged meson install -C build --no-rebuild --quiet >/dev/null
        touch "$staged/.staged"
        [ -L "$base/program" ] || rm -rf "$base/program"
        ln -sfn "$staged" "$base/program"
        for old in "$base"/program.*; do
            [ "$old" = "$staged" ] || grep -qF "$old/" <(readlink /proc/[0-9]*/exe 2>/dev/null) || rm -rf "$old"
        done
    fi
    # shellcheck disable=SC2034
    program=$staged/usr/local/bin/sampan
}

# data_make DIR: a data directory that Sampan may use.
data_make() {
    if [ "$(id -u)" = 0 ]; then
        install -d -o www-data -g www-data -m 750 "$1"
    else
        mkdir -p "$1"
    fi
}

# await_ready PORT PID: until it answers. Not 0: the process ended before.
await_ready() {
    until curl -fsS -o /dev/null "http://127.0.0.1:$1/readyz" 2>/dev/null; do
        kill -0 "$2" 2>/dev/null || return 1
        sleep 0.1
    done
}
