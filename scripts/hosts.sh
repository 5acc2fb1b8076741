# shellcheck shell=bash
# What scripts/test-hosts-engines and scripts/test-hosts-guests share. Sourced, after lib.sh; here, and
# in guests.

HOSTS=$ROOT/.state/hosts
LOGS=$HOSTS/logs
IMAGES=$HOSTS/images.tar
LANGUAGES=c,cpp,java,python
declare -A MINUTES=()
failed=0

# Again only where one of them is another than the last time.
save_images() {
    local names=(debian:bookworm-slim) name ids
    LANGUAGES=$LANGUAGES scripts/images
    docker build --quiet --network=host --target test \
        --tag codebae-runner/agent-test:current images/_agent >/dev/null
    for name in ${LANGUAGES//,/ } base agent agent-test; do
        names+=("codebae-runner/$name:current")
    done
    ids=$(docker image inspect --format '{{.Id}}' "${names[@]}")
    [ "$ids" != "$(cat "$IMAGES.ids" 2>/dev/null)" ] || return 0
    say "saving the images for the other engines"
    rm -f "$IMAGES.ids"
    docker save --output "$IMAGES" "${names[@]}"
    printf '%s\n' "$ids" >"$IMAGES.ids"
}

# self_test RUNTIME STATE_DIR
self_test() {
    env -u RUNNER_URL RUNTIME="$1" LANGUAGES="$LANGUAGES" API_KEY=of-no-use-to-anybody \
        STATE_DIR="$2" .venv/bin/python -m orchestrator check
}

# run_suite SUITE STATE_DIR: on the engine at DOCKER_HOST.
run_suite() {
    local pytest=(.venv/bin/python -m pytest -q) limits=tests/docker/test_limits.py
    case $1 in
        self-test) self_test auto "$2" && self_test runc "$2" ;;
        hello) "${pytest[@]}" "$limits" -k accepted ;;
        limits-c) "${pytest[@]}" "$limits" -k '[c-' ;;
        limits-python) "${pytest[@]}" "$limits" -k '[python-' ;;
        sandboxes) "${pytest[@]}" -m docker tests/contract/test_backend.py tests/docker/test_backend_faults.py ;;
        memory) "${pytest[@]}" "$limits" tests/docker/test_backend_faults.py -k 'memory and not java and not cpp' ;;
        images) "${pytest[@]}" tests/docker/test_image_store.py -m 'not thorough' ;;
        full) "${pytest[@]}" -m 'docker and not thorough' \
            --numprocesses="${TEST_WORKERS:-$(($(nproc) + 2))}" --dist=loadscope ;;
    esac
}

# The clock that suites are timed by, in seconds.
now() { echo "$SECONDS"; }

# try HOST SUITE COMMAND...: remembers whether it passed, and how long it took.
try() {
    local host=$1 suite=$2 begun outcome=ok log=$LOGS/$1-$2.log
    shift 2
    begun=$(now)
    say "$host: $suite"
    "$@" >"$log" 2>&1 || {
        outcome=FAILS
        # shellcheck disable=SC2034  # for those who source this
        failed=1
        tail -n 20 "$log" >&2
    }
    MINUTES[$host/$suite]=$(awk -v s=$(($(now) - begun)) -v o="$outcome" \
        'BEGIN { printf "%s %.1f", o, s / 60 }')
}

# print_table TITLE: of HOST_NAMES, with what VERSION says of each, and SUITES.
print_table() {
    local host suite
    printf '\n%-16s %-34s' "$1" Docker
    printf ' %-13s' "${SUITES[@]}"
    printf '\n'
    for host in "${HOST_NAMES[@]}"; do
        printf '%-16s %-34s' "$host" "${VERSION[$host]:--}"
        for suite in "${SUITES[@]}"; do printf ' %-13s' "${MINUTES[$host/$suite]:--}"; done
        printf '\n'
    done
}
