/*
 * Class: signals, processes
 * Attacks: what a machine does for a crash (a line in its log, a core file, a helper of its own, which
 *   it starts outside of every sandbox): crashes in all the ways there are, as fast as it goes.
 * Invariant: no core file, no helper that anybody waits for; the limits hold.
 * Allowed: time_limit/wall time_limit/cpu
 * Request: {"limits": {"wall_ms": 1500}}
 * Prints: crashing\n
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void crash(int way)
{
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    switch (way % 6) {
    case 0:
        *(volatile int *)0 = 1;
    case 1:
        __builtin_trap();
    case 2:
        raise(SIGFPE);
    case 3:
        raise(SIGSYS);
    case 4: /* a file that ends before its memory does */
        *(volatile char *)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, memfd_create("end", 0), 0) = 1;
    default:
        abort();
    }
}

int main(void)
{
    write(1, "crashing\n", 9);
    fork();
    for (int way = 0;; way++) {
        pid_t child = fork();
        if (child == 0)
            crash(way);
        waitpid(child, NULL, 0);
    }
}
