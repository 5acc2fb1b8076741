/*
 * Class: memory, kernel
 * Attacks: memory that the kernel takes for a program and charges to nobody, and pools of the whole
 *   machine: filters (of sockets, of system calls) and the pool they are compiled into, names of
 *   mappings, huge pages, larger register states, pages to be merged, tables for futexes, cookies of
 *   core scheduling. Arguments are right: elsewhere most of it succeeds.
 * Invariant: all of it is refused, by any of the ways to it: one more filter in a job would be one for
 *   each of its sockets and processes.
 * Allowed: accepted
 * With: attack.h
 * Tries: 25
 * Bites: a filter on a socket
 */
#include "attack.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { LOCK_PI = 6, TRYLOCK_PI = 8, LOCK_PI2 = 13, PRIVATE = 128, PAGE = 4096, HUGE = 2 << 20 };
enum { VMA = 0x53564d41, VMA_ANON_NAME = 0, CORE = 62, CORE_CREATE = 1, MERGE = 67, HASH = 78, HASH_SLOTS = 1 };
enum { ATTACH_BPF = 50, ATTACH_GROUP = 51, REQUEST_STATE = 0x1023, TILES = 18, MERGEABLE = 12, BY_KHUGEPAGED = 14 };

static struct sock_filter instructions[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
static struct sock_filter logging[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_LOG)};
static struct sock_fprog allow = {1, instructions}, noisy = {1, logging};

/* All timers of the machine are in one table of lists. */
static long timers(void)
{
    struct sigevent silent = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    for (int i = 0; i < 10000; i++)
        if (timer_create(CLOCK_MONOTONIC, &silent, &timer) != 0)
            return -1;
    return 10000;
}

int main(void)
{
    int ends[2], one = 1;
    unsigned lock = 0;
    int datagrams = socket(AF_UNIX, SOCK_DGRAM, 0), stream = socket(AF_UNIX, SOCK_STREAM, 0);
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    WORKS("a pair of sockets", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    WORKS("a socket's buffer", setsockopt(stream, SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof one) == 0);
    REFUSED("a filter on a socket", setsockopt(datagrams, SOL_SOCKET, SO_ATTACH_FILTER, &allow, sizeof allow), EPERM);
    REFUSED("a filter on a stream", setsockopt(stream, SOL_SOCKET, SO_ATTACH_FILTER, &allow, sizeof allow), EPERM);
    REFUSED("a filter on a pair", setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &allow, sizeof allow), EPERM);
    REFUSED("a bpf program on a socket", setsockopt(datagrams, SOL_SOCKET, ATTACH_BPF, &one, sizeof one), EPERM);
    REFUSED("a filter on a group", setsockopt(datagrams, SOL_SOCKET, ATTACH_GROUP, &allow, sizeof allow), EPERM);
    REFUSED("locking a filter", setsockopt(datagrams, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof one), EPERM);
    REFUSED("reading a filter", getsockopt(datagrams, SOL_SOCKET, SO_GET_FILTER, NULL, &(socklen_t){0}), EPERM);
    REFUSED("time stamps", setsockopt(datagrams, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof one), EPERM);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    REFUSED("a filter of calls", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &allow, 0, 0), EPERM);
    REFUSED("a filter of calls, by seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &allow), EPERM);
    REFUSED("one that writes to the log", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &noisy, 0, 0), EPERM);
    REFUSED("a name for a mapping", prctl(VMA, VMA_ANON_NAME, page, PAGE, "a name"), EPERM);
    REFUSED("a cookie of core scheduling", prctl(CORE, CORE_CREATE, 0, 0, 0), EPERM);
    REFUSED("a larger table for futexes", prctl(HASH, HASH_SLOTS, 1024, 0, 0), EPERM);
    REFUSED("merging all pages", prctl(MERGE, 1, 0, 0, 0), EPERM);
    REFUSED("merging a page", madvise(page, PAGE, MERGEABLE), EPERM);
    REFUSED("work for khugepaged", madvise(page, PAGE, BY_KHUGEPAGED), EPERM);
    REFUSED("huge pages", (long)mmap(NULL, HUGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0), EPERM);
    REFUSED("a file of huge pages", memfd_create("huge", MFD_HUGETLB), EPERM);
    REFUSED("a lock that inherits", syscall(SYS_futex, &lock, LOCK_PI | PRIVATE, 0, NULL, NULL, 0), ENOSYS);
    REFUSED("a try at one", syscall(SYS_futex, &lock, TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0), ENOSYS);
    REFUSED("a newer one", syscall(SYS_futex, &lock, LOCK_PI2 | PRIVATE, 0, NULL, NULL, 0), ENOSYS);
    REFUSED("timers by the ten thousand", timers(), EAGAIN);
#ifdef __x86_64__
    REFUSED("a larger register state", syscall(SYS_arch_prctl, REQUEST_STATE, TILES), EPERM);
#endif
    return the_end();
}
