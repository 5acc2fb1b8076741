/*
 * Class: processes
 * Attacks: processes, by vfork: each parent is stuck in the kernel, deaf, until its child is gone.
 * Invariant: the number of processes is limited, and all of them end.
 * Allowed: time_limit/wall time_limit/cpu
 * Request: {"limits": {"wall_ms": 1500}}
 * Hits: processes
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <unistd.h>

static char stacks[4096][4096] __attribute__((aligned(16)));

static int next(void *depth)
{
    long level = (long)depth + 1;
    for (;;)
        if (level == 4095 ||
            clone(next, stacks[level] + sizeof stacks[level], CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)level) < 0)
            usleep(1000);
}

int main(void)
{
    return next((void *)0);
}
