#!/bin/sh
# deploy.sh [--app NAME] [--region CODE] [--scale N] [--dry-run]: puts the service on Fly.io.
#
# Creates the app and its volume when they are not there, sets the keys, deploys, waits until every
# machine is healthy, runs a program in every language there, and prints what its client needs.
#
#   --app NAME     the app; else FLY_APP, else fly.toml's, else a name that is made up once
#   --region CODE  where; else FLY_REGION, else fly.toml's
#   --scale N      have N machines, each with a volume of its own
#   --dry-run      print what would be done; nothing is asked, changed or waited for
#
# Keys come from the environment (API_KEY, ADMIN_KEY) or are asked for; they are never shown while
# typed, never on a command line, and kept nowhere but by Fly.io. An API_KEY that is made up is
# printed at once and, as the app's made-up name, kept in .fly/ for the next run.
#
# POSIX sh: it runs by macOS' bash 3.2, dash and busybox as well.
set -eu
cd "$(dirname "$0")"

HEALTH_SECONDS=${HEALTH_SECONDS:-3600}
HEALTH_INTERVAL=${HEALTH_INTERVAL:-5}
CONFIG=fly.toml
# Beside the other one: flyctl looks for the Dockerfile where its configuration is.
BUILDING_CONFIG=fly.building.toml
KEPT=.fly
VOLUME_GB=10
SHORTEST_KEY=16
MACHINES=1

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

usage() { sed -n '2,16s/^# \{0,1\}//p' "$0"; }

from_config() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" "$CONFIG" | head -n 1; }

# random LENGTH ALPHABET
random() { LC_ALL=C tr -dc "$2" </dev/urandom | dd bs=1 count="$1" 2>/dev/null; }

# kept NAME: what a run before has kept under that name; empty when it has not.
kept() { [ ! -f "$KEPT/$1" ] || cat "$KEPT/$1"; }

# keep NAME VALUE: for this user alone. A folder that can't be written to stops nothing.
keep() {
    (umask 077 && mkdir -p "$KEPT" && printf '%s\n' "$2" >"$KEPT/$1") 2>/dev/null \
        || say "could not keep it in $KEPT/$1: note it yourself"
}

read_arguments() {
    APP=${FLY_APP:-}
    REGION=${FLY_REGION:-$(from_config primary_region)}
    SCALE=
    DRY_RUN=
    while [ $# -gt 0 ]; do
        case $1 in
            --app | --region | --scale)
                [ $# -ge 2 ] || die "$1 needs a value"
                case $1 in --app) APP=$2 ;; --region) REGION=$2 ;; --scale) SCALE=$2 ;; esac
                shift
                ;;
            --dry-run) DRY_RUN=yes ;;
            -h | --help) usage && exit ;;
            *) die "unknown argument: $1" "See: ./deploy.sh --help" ;;
        esac
        shift
    done
    name_app
    case $APP in -* | *[!a-z0-9-]*) die "not an app's name: '$APP'" ;; esac
    case $REGION in [a-z][a-z][a-z]) ;; *) die "not a region's code: '$REGION'" ;; esac
    case $SCALE in '' | [1-9] | [1-9][0-9]) ;; *) die "--scale: a number from 1 to 99, not '$SCALE'" ;; esac
    URL=https://$APP.fly.dev
}

# Names are everybody's: one that is plain was taken by whoever came first.
name_app() {
    [ -n "$APP" ] || APP=$(from_config app)
    [ -n "$APP" ] || APP=$(kept app)
    MADE_UP_NAME=
    if [ -z "$APP" ]; then
        APP=codebae-runner-$(random 8 a-z0-9)
        MADE_UP_NAME=yes
    fi
}

# do_fly ARGUMENT...: does it, or with --dry-run prints it.
do_fly() {
    if [ -n "$DRY_RUN" ]; then
        printf '+ flyctl %s\n' "$*"
    else
        "$FLYCTL" "$@"
    fi
}

require_tools() {
    FLYCTL=$(command -v flyctl || command -v fly || true)
    [ -z "$DRY_RUN" ] || return 0
    [ -n "$FLYCTL" ] || die "flyctl is not installed" "See https://fly.io/docs/flyctl/install/"
    command -v curl >/dev/null || die "curl is not installed"
    "$FLYCTL" auth whoami >/dev/null 2>&1 || die "not logged in to Fly.io" "Run: flyctl auth login"
}

ensure_app() {
    [ -z "$DRY_RUN" ] || { do_fly apps create "$APP"; return; }
    if status=$("$FLYCTL" status --app "$APP" 2>&1); then return; fi
    say "creating the app $APP"
    do_fly apps create "$APP" || die "the app $APP is neither yours nor could it be created" \
        "Names are shared by all of Fly.io: when it is taken, choose another one by --app NAME." \
        "Of the app itself flyctl said: $status"
    [ -z "$MADE_UP_NAME" ] || keep app "$APP"
}

ensure_volume() {
    volumes=
    [ -n "$DRY_RUN" ] || volumes=$("$FLYCTL" volumes list --app "$APP" --json) \
        || die "the volumes of $APP could not be listed"
    case $volumes in *'"runner_data"'*) return ;; esac
    say "creating a volume in $REGION"
    do_fly volumes create runner_data --app "$APP" --region "$REGION" --size "$VOLUME_GB" --yes \
        || die "the volume could not be created" "Run it again: what is there is kept."
}

# ask NAME VALUE TEXT: ANSWER is the value, else what somebody at the terminal types.
ask() {
    ANSWER=$2
    if [ -z "$ANSWER" ] && [ -t 0 ]; then
        trap 'stty echo' EXIT
        trap 'exit 130' INT TERM
        stty -echo
        printf '%s: ' "$3" >&2
        IFS= read -r ANSWER || true
        stty echo
        trap - EXIT INT TERM
        printf '\n' >&2
    fi
    check_key "$1" "$ANSWER"
}

# check_key NAME VALUE: the value is one key, or several with commas between them; or none.
check_key() {
    case $2 in
        *[[:space:]\"\\]*) die "$1: no blanks, quotes, backslashes or line ends" ;;
    esac
    rest=$2,
    while [ -n "$rest" ]; do
        one=${rest%%,*}
        rest=${rest#*,}
        [ -z "$one" ] || [ ${#one} -ge "$SHORTEST_KEY" ] \
            || die "$1: at least $SHORTEST_KEY characters each, else the server does not start"
    done
}

# The one key there is nowhere else: seen and kept before anything may fail.
make_key() {
    KEY=$(random 32 A-Za-z0-9_-)
    [ ${#KEY} -eq 32 ] || die "/dev/urandom gives nothing to make a key of"
    say "made up an API_KEY, kept in $KEPT/$APP.key: $KEY"
    keep "$APP.key" "$KEY"
}

# KEY: the API_KEY as far as it is known. NEW_KEY: the same, where it is to be set.
choose_key() {
    is_set=
    case $1 in *'"API_KEY"'*) is_set=yes ;; esac
    KEPT_KEY=$(kept "$APP.key")
    if [ -n "$KEPT_KEY" ]; then
        otherwise="use the one kept in $KEPT/$APP.key"
    elif [ -n "$is_set" ]; then
        otherwise="leave the one that is set"
    else
        otherwise="make one up"
    fi
    ask API_KEY "${API_KEY:-}" "API_KEY (empty: $otherwise)"
    KEY=$ANSWER
    NEW_KEY=$KEY
    [ -z "$KEY" ] || return 0
    KEY=$KEPT_KEY
    [ -z "$is_set" ] || return 0
    [ -n "$KEY" ] || make_key
    NEW_KEY=$KEY
}

set_secrets() {
    if [ -n "$DRY_RUN" ]; then
        printf '+ flyctl secrets import --app %s --stage (API_KEY, ADMIN_KEY where there is one)\n' "$APP"
        return
    fi
    secrets=$("$FLYCTL" secrets list --app "$APP" --json) \
        || die "the secrets of $APP could not be listed" "Run it again: what is there is kept."
    choose_key "$secrets"
    ask ADMIN_KEY "${ADMIN_KEY:-}" "ADMIN_KEY (empty: none, or the one that is set)"
    lines=${NEW_KEY:+API_KEY=$NEW_KEY}
    if [ -n "$ANSWER" ]; then
        lines="$lines${lines:+
}ADMIN_KEY=$ANSWER"
    fi
    [ -n "$lines" ] || return 0
    # By stdin: a command line is everybody's to read.
    printf '%s\n' "$lines" | "$FLYCTL" secrets import --app "$APP" --stage >/dev/null \
        || die "the keys could not be set" "Run it again: a key that was made up is used again."
    # Another key than the kept one is set now: that one would be taken for it.
    [ -z "$NEW_KEY" ] || [ "$NEW_KEY" = "$(kept "$APP.key")" ] || rm -f "$KEPT/$APP.key"
}

list_machines() {
    listed=
    [ -n "$DRY_RUN" ] || listed=$("$FLYCTL" machine list --app "$APP" --quiet) \
        || die "the machines of $APP could not be listed" "Run it again: what is there is kept."
    MACHINES=$(printf '%s\n' "$listed" | grep -c '[^[:space:]]' || true)
}

# Of several machines Fly stops one that has nothing to do, and so looks one that builds; it leaves
# a stopped one stopped, which would build when it is needed. So all run and none stops until all
# are healthy.
deploy() {
    list_machines
    config=$CONFIG
    if [ "${SCALE:-$MACHINES}" -gt 1 ]; then
        config=$BUILDING_CONFIG
        trap 'rm -f "$BUILDING_CONFIG"' EXIT
        trap 'exit 130' INT TERM
        sed 's/^auto_stop_machines = .*/auto_stop_machines = "off"/' "$CONFIG" >"$config"
    fi
    deploy_by "$config"
    [ -z "$SCALE" ] || do_fly scale count "$SCALE" --app "$APP" --region "$REGION" --yes \
        || die "there could not be $SCALE machines" "Run it again: what is there is kept."
    list_machines
    [ "$MACHINES" -gt 1 ] || return 0
    for machine in $listed; do
        "$FLYCTL" machine start "$machine" --app "$APP" >/dev/null 2>&1 || true # one that runs
    done
}

# deploy_by CONFIG
deploy_by() {
    say "deploying $APP"
    # One machine: a second one would need a volume too (--scale sees to that).
    do_fly deploy --config "$1" --app "$APP" --primary-region "$REGION" --ha=false && return
    why=$(unhealthy "$(checks)")
    die "the deployment failed${why:+: a machine says: $why}" \
        "Look at: flyctl checks list --app $APP" "     or: flyctl logs --app $APP" \
        "Run it again: what is there is kept, the key too."
}

let_stop() {
    [ "$config" != "$CONFIG" ] || return 0
    say "all machines are healthy: those with nothing to do may stop again"
    deploy_by "$CONFIG"
}

# What Fly's checks say of each machine: to one that fails them no request is routed, so that its
# own /health is not to be had.
checks() { "$FLYCTL" checks list --app "$APP" --json 2>/dev/null || true; }

# unhealthy TEXT: the reason in an answer of /health, bare or inside a check's output.
unhealthy() {
    printf '%s\n' "$1" | sed -n 's/.*\\*"reason\\*": *\\*"\([^"\\]*\).*/\1/p' | head -n 1
}

# Sets LAST to what is still missing; true when nothing is.
is_healthy() {
    answer=$(curl --silent --max-time 10 "$URL/health" || true)
    LAST=
    checked=
    case $answer in *'"status": "healthy"'*) LAST=ok ;; esac
    if [ "$LAST" != ok ] || [ "$MACHINES" -gt 1 ]; then checked=$(checks); fi
    if [ "$LAST" = ok ] && [ "$MACHINES" -gt 1 ]; then
        passing=$(printf '%s\n' "$checked" | grep -o '"status": *"passing"' | grep -c . || true)
        [ "$passing" -ge "$MACHINES" ] || LAST="$passing of $MACHINES machines are healthy"
    fi
    [ "$LAST" != ok ] || return 0
    reason=$(unhealthy "$answer")
    [ -n "$reason" ] || reason=$(unhealthy "$checked")
    LAST="${LAST}${LAST:+${reason:+; }}${reason}"
    LAST=${LAST:-no answer}
    return 1
}

wait_until_healthy() {
    [ -z "$DRY_RUN" ] || { printf '+ wait until %s/health says healthy, and all machines are\n' "$URL"; return; }
    say "waiting until $URL/health says healthy"
    before=
    until=$(($(date +%s) + HEALTH_SECONDS))
    until is_healthy; do
        [ "$LAST" = "$before" ] || say "$LAST"
        before=$LAST
        [ "$(date +%s)" -lt "$until" ] || die "not healthy after $HEALTH_SECONDS s: $LAST" \
            "Look at: flyctl checks list --app $APP" "     or: flyctl logs --app $APP"
        sleep "$HEALTH_INTERVAL"
    done
}

# execute BODY: the answer of POST /execute. The key goes by stdin, as with the secrets.
execute() {
    curl --silent --max-time 180 --config - --header 'Content-Type: application/json' \
        --data "$1" "$URL/execute" <<END
header = "Authorization: Bearer ${KEY%%,*}"
END
}

program() {
    case $1 in
        c) printf '%s' '#include <stdio.h>\nint main(void) { puts(\"hello\"); }' ;;
        cpp) printf '%s' '#include <iostream>\nint main() { std::cout << \"hello\\n\"; }' ;;
        java) printf '%s' 'public class Main { public static void main(String[] a) { System.out.println(\"hello\"); } }' ;;
        python) printf '%s' 'print(\"hello\")' ;;
    esac
}

try_languages() {
    [ -z "$DRY_RUN" ] || { printf '+ run a program in c, cpp, java and python\n'; return; }
    if [ -z "$KEY" ]; then
        say "not trying the languages: they need the API_KEY that is set (API_KEY=... ./deploy.sh)"
        return
    fi
    for language in c cpp java python; do
        answer=$(execute "{\"language\": \"$language\", \"code\": \"$(program "$language")\"}" || true)
        case $answer in
            *'"output": "hello\n"'*) say "$language: hello" ;;
            *'"unauthorized"'*) refused ;;
            *) die "$language: no hello: $answer" ;;
        esac
    done
}

refused() {
    [ "$KEY" = "$KEPT_KEY" ] || die "the service refuses the API_KEY"
    die "the service has another API_KEY than the one kept in $KEPT/$APP.key" \
        "Set one anew: API_KEY=... ./deploy.sh"
}

print_result() {
    printf '\n%s\n\n' "$URL"
    printf 'RUNNER_URL=%s\n' "$URL"
    printf 'RUNNER_API_KEY=%s\n' "${KEY:-<the API_KEY that is set>}"
}

KEY=
KEPT_KEY=
read_arguments ${1+"$@"} # posh, with `set -u`
require_tools
check_key API_KEY "${API_KEY:-}" # before anything is made
check_key ADMIN_KEY "${ADMIN_KEY:-}"
ensure_app
ensure_volume
set_secrets
deploy
wait_until_healthy
let_stop
try_languages
print_result
