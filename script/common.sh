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
