/* SPDX-License-Identifier: MIT */
/* What a stage uses: from the sandbox's counters and from what was reaped. */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

/* Starts anew: everything is counted from here. */
void usage_begin(void);

/* Another try at the same: only the CPU time goes on. */
void usage_again(void);

/* Reads what changes all the time: returns CPU time so far, keeps the memory's peak. */
uint64_t usage_sample(void);

/* Reads the rest, and the CPU time for good. When nothing is left. */
void usage_end(void);

/* A process was reaped; this is what wait4 said about it. */
void usage_reaped(const struct rusage *rusage);

/* CPU time as of the last sample; what the agent itself used is not in it. */
uint64_t usage_cpu_us(void);
uint64_t usage_memory_kb(void);

/* As of usage_end(). */
uint32_t usage_oom_kills(void);
bool usage_forks_refused(void);

#endif
