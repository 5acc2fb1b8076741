/* What a stage uses: from the sandbox's counters and from what was reaped. */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include <stdint.h>
#include <sys/resource.h>

/* Starts anew: everything is counted from here. */
void usage_begin(void);

/*
 * Reads the counters: CPU time so far, and, kept for later, the memory's peak,
 * OOM kills and refused forks.
 */
uint64_t usage_sample(void);

/* A process was reaped; this is what wait4 said about it. */
void usage_reaped(const struct rusage *rusage);

/* As of the last sample. */
uint64_t usage_cpu_us(void);
uint64_t usage_memory_kb(void);
uint32_t usage_oom_kills(void);
uint64_t usage_pids_refused(void);

#endif
