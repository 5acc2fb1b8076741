/* The sandbox's own counters, from /sys/fs/cgroup, version 1 or 2. */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include <stdint.h>

struct counters {
    uint64_t cpu_us;       /* CPU time of everything that ever ran in the sandbox */
    uint64_t memory;       /* anonymous and shared memory (tmpfs is shared), in bytes */
    uint64_t oom_kills;    /* processes killed for want of memory */
    uint64_t pids_refused; /* forks refused by the process limit */
};

/*
 * Opens the counters for good. Fails the sandbox if one is missing: a limit
 * or a verdict that depends on it would silently be wrong.
 */
void cgroup_open(void);

/* Reads them all. */
void cgroup_read(struct counters *counters);

#endif
