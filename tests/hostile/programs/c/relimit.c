/*
 * Class: limits
 * Attacks: the agent's limits, priority, scheduling and processors.
 * Invariant: no program can re-limit or starve the agent by a call: EPERM for each.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 45
 * Bites: prlimit(1, 7), set
 */
#include "attack.h"

#include <sched.h>
#include <sys/resource.h>

static uid_t agent_uid(void)
{
    char line[256];
    unsigned uid = 0;
    FILE *file = fopen("/proc/1/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Uid: %u", &uid) == 1)
            break;
    return uid;
}

int main(void)
{
    char what[64];
    const struct rlimit none = {0, 0};
    struct rlimit old;
    struct sched_param idle = {0};
    struct {
        unsigned size, policy;
        unsigned long long rest[5];
    } attributes = {.size = 48, .policy = SCHED_IDLE};
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    for (int limit = 0; limit < RLIM_NLIMITS; limit++) {
        snprintf(what, sizeof what, "prlimit(1, %d), set", limit);
        REFUSED(what, syscall(SYS_prlimit64, 1, limit, &none, NULL), EPERM);
        snprintf(what, sizeof what, "prlimit(1, %d), get", limit);
        REFUSED(what, syscall(SYS_prlimit64, 1, limit, NULL, &old), EPERM);
    }
    REFUSED("setpriority(1)", setpriority(PRIO_PROCESS, 1, 19));
    REFUSED("setpriority of the agent's group", setpriority(PRIO_PGRP, getpgid(1), 19), EPERM, ESRCH);
    REFUSED("setpriority of the agent's uid", setpriority(PRIO_USER, agent_uid(), 19), EPERM, ESRCH);
    REFUSED("sched_setaffinity(1)", sched_setaffinity(1, sizeof one, &one));
    REFUSED("sched_setscheduler(1)", sched_setscheduler(1, SCHED_IDLE, &idle));
    REFUSED("sched_setparam(1)", sched_setparam(1, &idle));
    REFUSED("sched_setattr(1)", syscall(SYS_sched_setattr, 1, &attributes, 0));
    REFUSED("ioprio_set(1)", syscall(SYS_ioprio_set, 1, 1, 3 << 13), EPERM);
    REFUSED("real-time priority for oneself",
            sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 50}), EPERM);
    REFUSED("a negative nice value for oneself", setpriority(PRIO_PROCESS, 0, -20));
    WORKS("the agent's uid is another", agent_uid() != 0 && agent_uid() != getuid());
    WORKS("setpriority of oneself", setpriority(PRIO_PROCESS, 0, 5) == 0);
    WORKS("prlimit of oneself", syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, &old) == 0);
    return the_end();
}
