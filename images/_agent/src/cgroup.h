/* SPDX-License-Identifier: MIT */
/* The sandbox's own counters, from /sys/fs/cgroup, version 1 or 2. */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

enum counter {
    COUNTER_CPU,    /* CPU time of everything that ever ran in the sandbox, in us */
    COUNTER_MEMORY, /* anonymous and shared memory (tmpfs is shared), in bytes */
    COUNTER_OOM,    /* processes killed for want of memory */
    COUNTER_PIDS,   /* forks refused by the process limit */
    COUNTERS_NEEDED,
    /* time in which the CPU quota kept what was ready from running, of all CPUs together, in us */
    COUNTER_THROTTLED = COUNTERS_NEEDED,
    COUNTER_TASKS, /* threads that there are, the agent's included */
    COUNTER_USAGE, /* memory of every kind, in bytes */
    COUNTER_LIMIT, /* of it */
    COUNTERS,
};

/*
 * Opens the counters for good. Fails the sandbox if one is missing: a limit
 * or a verdict that depends on it would silently be wrong.
 */
void cgroup_open(void);

/* Whether there is a counter that need not be there. */
bool cgroup_has(enum counter counter);

uint64_t cgroup_read(enum counter counter);

/*
 * Memory of the sandbox's that the kernel can't take back, in bytes, as far as it says: anonymous,
 * shared, and (version 2) its own. With a limit below that, version 2 would kill somebody.
 */
uint64_t cgroup_held(void);

/*
 * Whether the memory limit is far enough for the agent to open files: they count, too, and when
 * there is no room for one, the kernel kills somebody. That is the agent as soon as the program is
 * dying already and its memory is not free yet.
 */
bool cgroup_has_room(void);

#endif
