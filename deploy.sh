#!/usr/bin/env bash
# deploy.sh [--app NAME] [--region CODE] [--scale N] [--dry-run]: puts the service on Fly.io.
#
# Creates the app and its volume when they are not there, sets the keys, deploys, waits until the
# service is healthy, runs a program in every language there, and prints what its client needs.
#
#   --app NAME     the app; else FLY_APP, else fly.toml's
#   --region CODE  where; else FLY_REGION, else fly.toml's
#   --scale N      afterwards have N machines, each with a volume of its own
#   --dry-run      print what would be done; nothing is asked, changed or waited for
#
# Keys come from the environment (API_KEY, ADMIN_KEY) or are asked for; they are never shown while
# typed, never on a command line, and kept in a file nowhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

HEALTH_SECONDS=${HEALTH_SECONDS:-3600}
HEALTH_INTERVAL=${HEALTH_INTERVAL:-5}
CONFIG=fly.toml
VOLUME_GB=10
SHORTEST_KEY=16

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
    exit 1
}

usage() { sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

from_config() { sed -n "s/^$1 *= *\"\(.*\)\"/\1/p" $CONFIG | head -n 1; }

read_arguments() {
    APP=${FLY_APP:-$(from_config app)}
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
    [[ $APP =~ ^[a-z0-9][a-z0-9-]*$ ]] || die "not an app's name: '$APP'"
    [[ $REGION =~ ^[a-z]{3}$ ]] || die "not a region's code: '$REGION'"
    [[ -z $SCALE || $SCALE =~ ^[1-9][0-9]?$ ]] || die "--scale: a number from 1 to 99, not '$SCALE'"
    URL=https://$APP.fly.dev
}

# fly ARGUMENT...: does it, or with --dry-run prints it.
fly() {
    if [ -n "$DRY_RUN" ]; then
        printf '+ flyctl %s\n' "$*"
    else
        "$FLYCTL" "$@"
    fi
}

require_tools() {
    FLYCTL=$(type -P flyctl || type -P fly || true)
    [ -z "$DRY_RUN" ] || return 0
    [ -n "$FLYCTL" ] || die "flyctl is not installed" "See https://fly.io/docs/flyctl/install/"
    command -v curl >/dev/null || die "curl is not installed"
    "$FLYCTL" auth whoami >/dev/null 2>&1 || die "not logged in to Fly.io" "Run: flyctl auth login"
}

ensure_app() {
    if [ -n "$DRY_RUN" ] || ! "$FLYCTL" status --app "$APP" >/dev/null 2>&1; then
        say "creating the app $APP"
        fly apps create "$APP"
    fi
}

ensure_volume() {
    local volumes=
    [ -n "$DRY_RUN" ] || volumes=$("$FLYCTL" volumes list --app "$APP" --json)
    if ! grep -q '"runner_data"' <<<"$volumes"; then
        say "creating a volume in $REGION"
        fly volumes create runner_data --app "$APP" --region "$REGION" --size "$VOLUME_GB" --yes
    fi
}

is_set() { grep -q "\"$1\"" <<<"$SECRETS"; }

# ask NAME TEXT: its value from the environment, else from whoever is at the terminal.
ask() {
    ANSWER=${!1:-}
    if [ -z "$ANSWER" ] && [ -t 0 ]; then
        read -r -s -p "$2: " ANSWER
        printf '\n' >&2
    fi
    check_key "$1" "$ANSWER"
}

# check_key NAME VALUE
check_key() {
    [[ $2 != *[$'\n\r"\\ ']* ]] || die "$1: no blanks, quotes, backslashes or line ends"
    [[ ! ,$2, =~ ,[^,]{1,$((SHORTEST_KEY - 1))}, ]] \
        || die "$1: at least $SHORTEST_KEY characters each, else the server does not start"
}

make_key() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

set_secrets() {
    local keep='' admin='' lines=
    if [ -n "$DRY_RUN" ]; then
        printf '+ flyctl secrets import --app %s --stage (API_KEY, ADMIN_KEY where there is one)\n' "$APP"
        return
    fi
    SECRETS=$("$FLYCTL" secrets list --app "$APP" --json)
    ! is_set API_KEY || keep=yes
    ask API_KEY "API_KEY (empty: ${keep:+keep the one that is set}${keep:-make one up})"
    KEY=$ANSWER
    if [ -z "$KEY" ] && [ -z "$keep" ]; then
        say "making up an API_KEY"
        KEY=$(make_key)
    fi
    ask ADMIN_KEY "ADMIN_KEY (empty: none, or the one that is set)"
    admin=$ANSWER
    [ -z "$KEY" ] || lines+="API_KEY=$KEY"$'\n'
    [ -z "$admin" ] || lines+="ADMIN_KEY=$admin"$'\n'
    if [ -n "$lines" ]; then
        # By stdin: a command line is everybody's to read.
        "$FLYCTL" secrets import --app "$APP" --stage <<<"$lines" >/dev/null
    fi
}

deploy() {
    say "deploying $APP"
    # One machine: a second one would need a volume too (--scale sees to that).
    fly deploy --config "$CONFIG" --app "$APP" --primary-region "$REGION" --ha=false
    [ -z "$SCALE" ] || fly scale count "$SCALE" --app "$APP" --region "$REGION" --yes
}

wait_until_healthy() {
    local until=$((SECONDS + HEALTH_SECONDS)) answer reason last=
    [ -z "$DRY_RUN" ] || { printf '+ wait until %s/health says healthy\n' "$URL"; return; }
    say "waiting until $URL/health says healthy"
    while [ $SECONDS -lt $until ]; do
        answer=$(curl --silent --max-time 10 "$URL/health" || true)
        [[ $answer != *'"status": "healthy"'* ]] || return 0
        reason=$(sed -n 's/.*"reason": "\([^"]*\)".*/\1/p' <<<"$answer")
        [ "$reason" = "$last" ] || say "${reason:-no answer}"
        last=$reason
        sleep "$HEALTH_INTERVAL"
    done
    die "not healthy after $HEALTH_SECONDS s: ${last:-no answer}" "Look at: flyctl logs --app $APP"
}

# execute BODY: the answer of POST /execute. The key goes by stdin, as with the secrets.
execute() {
    curl --silent --max-time 60 --config - --header 'Content-Type: application/json' \
        --data "$1" "$URL/execute" <<<"header = \"Authorization: Bearer $KEY\""
}

try_languages() {
    local language code answer
    local -A programs=(
        [c]='#include <stdio.h>\nint main(void) { puts(\"hello\"); }'
        [cpp]='#include <iostream>\nint main() { std::cout << \"hello\\n\"; }'
        [java]='public class Main { public static void main(String[] a) { System.out.println(\"hello\"); } }'
        [python]='print(\"hello\")'
    )
    [ -z "$DRY_RUN" ] || { printf '+ run a program in c, cpp, java and python\n'; return; }
    if [ -z "$KEY" ]; then
        say "not trying the languages: they need the API_KEY that is set (API_KEY=... ./deploy.sh)"
        return
    fi
    for language in c cpp java python; do
        code=${programs[$language]}
        answer=$(execute "{\"language\": \"$language\", \"code\": \"$code\"}" || true)
        [[ $answer == *'"output": "hello\n"'* ]] || die "$language: no hello: $answer"
        say "$language: hello"
    done
}

print_result() {
    printf '\n%s\n\n' "$URL"
    printf 'RUNNER_URL=%s\n' "$URL"
    printf 'RUNNER_API_KEY=%s\n' "${KEY:-<the API_KEY that is set>}"
}

KEY=
read_arguments "$@"
require_tools
check_key API_KEY "${API_KEY:-}" # before anything is made
check_key ADMIN_KEY "${ADMIN_KEY:-}"
ensure_app
ensure_volume
set_secrets
deploy
wait_until_healthy
try_languages
print_result
