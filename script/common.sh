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

# The C compiler's jobs: all cores.
# shellcheck disable=SC2034
jobs_n=$(nproc)
