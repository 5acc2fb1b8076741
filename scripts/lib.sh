# shellcheck shell=bash
# What the scripts share. Sourced, never run; the caller has set `set -euo pipefail`.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034  # for those who source this
STATE=$ROOT/.state/engine
DEFAULT_SOCKET=/var/run/docker.sock

# What one process has compiled, the next one need not: a test run starts dozens.
unset PYTHONDONTWRITEBYTECODE

# What pytest is told to run the tests that need no engine. They wait as much as they compute.
# shellcheck disable=SC2034  # for those who source this
UNIT=(-m "not docker and not thorough" --numprocesses="$(($(getconf _NPROCESSORS_ONLN) * 2))")

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

is_debian() {
    [ -r /etc/os-release ] && command -v apt-get >/dev/null || return 1
    # shellcheck disable=SC1091  # the machine's own file
    (. /etc/os-release && case " ${ID:-} ${ID_LIKE:-} " in *" debian "* | *" ubuntu "*) true ;; *) false ;; esac)
}

# Whether this machine's packages are ours to install.
can_install() { is_debian && is_root; }

has_systemd() { [ -d /run/systemd/system ]; }

# The engine's socket as a path: that of DOCKER_HOST (the environment's, else that of .env, as
# the server has it), or the usual one.
engine_socket() {
    local host=${DOCKER_HOST:-$(sed -n 's/^DOCKER_HOST=//p' "$ROOT/.env" 2>/dev/null | tail -n 1)}
    host=${host:-unix://$DEFAULT_SOCKET}
    case $host in
        unix:///*) printf '%s\n' "${host#unix://}" ;;
        *) die "DOCKER_HOST is $host" "Only an engine behind a unix:// socket can be used." ;;
    esac
}

# Packages not yet installed, of those named.
missing_packages() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q ' ok installed$' \
            || printf '%s\n' "$name"
    done
}

# Once per script: package lists may be old, or not there at all.
update_package_lists() {
    [ -z "${LISTS_UPDATED:-}" ] || return 0
    LISTS_UPDATED=yes
    apt-get update -qq >&2 || say "apt-get update failed; going on with the package lists there are"
}

# The distribution's Docker; newer releases have the command in a package of its own.
docker_packages() {
    printf '%s\n' docker.io
    apt-cache search --names-only '^docker-cli$' | cut -d ' ' -f 1
}

# Installs Debian packages as needed. Services they bring are not started by the packages
# themselves where there is no systemd: this project starts its engine in its own way.
install_packages() {
    local missing policy=/usr/sbin/policy-rc.d made_policy=
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]} with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    update_package_lists
    if ! has_systemd && [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        made_policy=yes
    fi
    local status=0
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2 || status=$?
    [ -z "$made_policy" ] || rm -f "$policy"
    [ $status -eq 0 ] || die "apt-get could not install ${missing[*]}"
}
