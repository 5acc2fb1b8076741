/*
 * Class: ptrace
 * Attacks: the agent's memory and descriptors, by the calls made for debuggers.
 * Invariant: no program can read or write the agent's memory, or take a descriptor from it: EPERM
 *   (seccomp) for each.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 22
 * Bites: PTRACE_ATTACH to one's own child
 */
#include "attack.h"

#include <linux/kcmp.h>
#include <linux/perf_event.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

int main(void)
{
    char buffer[64];
    struct iovec here = {.iov_base = buffer, .iov_len = sizeof buffer};
    struct iovec there = {.iov_base = (void *)0x400000, .iov_len = sizeof buffer};
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event};
    int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();

    WORKS("pidfd_open(1), which gives nothing by itself", pidfd >= 0);
    for (int fd = 0; fd < 8; fd++) {
        snprintf(buffer, sizeof buffer, "pidfd_getfd(%d)", fd);
        REFUSED(buffer, syscall(SYS_pidfd_getfd, pidfd, fd, 0), EPERM);
    }
    REFUSED("PTRACE_ATTACH", ptrace(PTRACE_ATTACH, 1, 0, 0), EPERM);
    REFUSED("PTRACE_SEIZE", ptrace(PTRACE_SEIZE, 1, 0, 0), EPERM);
    REFUSED("PTRACE_ATTACH to one's own child", ptrace(PTRACE_ATTACH, child, 0, 0), EPERM);
    REFUSED("process_vm_readv", process_vm_readv(1, &here, 1, &there, 1, 0), EPERM);
    REFUSED("process_vm_writev", process_vm_writev(1, &here, 1, &there, 1, 0), EPERM);
    REFUSED("process_vm_readv of one's own child", process_vm_readv(child, &here, 1, &there, 1, 0),
            EPERM);
    REFUSED("kcmp", syscall(SYS_kcmp, 1, getpid(), KCMP_FILE, 0, 0), EPERM);
    REFUSED("perf_event_open", syscall(SYS_perf_event_open, &event, 1, -1, -1, 0), EPERM);
    REFUSED("process_madvise", syscall(SYS_process_madvise, pidfd, &there, 1, 20 /* COLD */, 0),
            EPERM);
    REFUSED("process_mrelease", syscall(448, pidfd, 0), EPERM);
    REFUSED("move_pages", syscall(SYS_move_pages, 1, 0, NULL, NULL, NULL, 0), EPERM);
    REFUSED("migrate_pages", syscall(SYS_migrate_pages, 1, 0, NULL, NULL), EPERM);
    REFUSED("get_robust_list", syscall(SYS_get_robust_list, 1, buffer, buffer + 8), EPERM);
    kill(child, SIGKILL);
    return the_end();
}
