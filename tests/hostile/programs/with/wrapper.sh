#!/bin/sh
# Attacks: everything in reach of what a compiler can be made to run (gcc -wrapper, an annotation
# processor): the agent, the folders of the run, and, by what it leaves behind, the run itself.
# Invariant: it is a program like any other, with the compile uid; nothing of it lives on in the run.
# Allowed outcomes: each try is refused; the leftovers are gone when inspect.c or Inspect.java looks.
report=/build/report

refused() {
    what=$1
    shift
    if said=$("$@" 2>&1); then
        echo "BROKEN: $what: $said" >>$report
    else
        case $said in
        *"Permission denied"* | *"ermission denied"* | *"not permitted"* | *"Read-only"* | \
            *"annot open"* | *"annot create"*)
            echo "refused: EACCES $what" >>$report
            ;;
        *) echo "BROKEN: $what: $said" >>$report ;;
        esac
    fi
}

attack() {
    : >$report
    for signal in KILL STOP ALRM TERM CONT; do
        refused "kill -$signal 1" kill -$signal 1
    done
    for file in environ mem maps fd/0 fd/1; do
        refused "read /proc/1/$file" cat /proc/1/$file
    done
    refused "list /proc/1/fd" ls /proc/1/fd/
    refused "write /proc/1/fd/1" sh -c 'echo forged >/proc/1/fd/1'
    run_folder=/work
    refused "list $run_folder" ls $run_folder
    refused "write to $run_folder" sh -c "echo planted >$run_folder/planted"
    refused "chmod $run_folder" chmod 777 $run_folder
    refused "read /etc/shadow" cat /etc/shadow
    refused "write to /etc" sh -c 'echo planted >/etc/ld.so.preload'
    refused "write to /sandbox" sh -c 'echo planted >/sandbox/agent'
}

leave() {
    # Processes: a session of its own, one deaf to signals, one stopped.
    setsid sh -c 'while :; do echo alive >>/tmp/late; echo alive >>/build/late; sleep 0.02; done' &
    sh -c 'trap "" HUP INT TERM; while :; do echo alive >/dev/shm/late; sleep 0.02; done' &
    sh -c 'kill -STOP $$' &
    # Files: in folders that can't be entered, pipes, links, and many.
    mkdir -p /tmp/a/b/c /dev/shm/a
    echo left >/tmp/a/b/c/file
    echo left >/dev/shm/a/file
    mkfifo /tmp/pipe
    ln -s /work /tmp/link
    chmod 000 /tmp/a/b /tmp/a
    for number in 0 1 2 3 4 5 6 7 8 9; do : >/tmp/.hidden$number; done
    # The run's way into /build: open to all.
    mkdir /build/open
    echo left >/build/open/file
    chmod 7777 /build/open
    chmod 0666 /build/open/file
    chmod 0777 /build
}

if [ ! -e $report ]; then
    attack
    leave >/dev/null 2>&1
fi
[ $# -eq 0 ] || exec "$@"
