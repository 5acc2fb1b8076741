/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include "cgroup.h"

static uint64_t start[COUNTERS];
static uint64_t last[COUNTERS];
static uint64_t start_own_us; /* the agent's own CPU time */
static uint64_t last_own_us;
static uint64_t peak_kb;

static uint64_t own_cpu_us(void)
{
    struct rusage self;
    getrusage(RUSAGE_SELF, &self);
    return (uint64_t)(self.ru_utime.tv_sec + self.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(self.ru_utime.tv_usec + self.ru_stime.tv_usec);
}

/* Counters of several CPUs may seem to run backwards for a moment. */
static uint64_t difference(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static void note_peak(uint64_t kb)
{
    if (kb > peak_kb)
        peak_kb = kb;
}

static void read_cpu(void)
{
    last[COUNTER_CPU] = cgroup_read(COUNTER_CPU);
    last_own_us = own_cpu_us();
}

void usage_again(void)
{
    for (enum counter counter = COUNTER_MEMORY; counter < COUNTERS_NEEDED; counter++)
        start[counter] = cgroup_read(counter);
    peak_kb = 0;
}

void usage_begin(void)
{
    usage_again();
    read_cpu();
    start[COUNTER_CPU] = last[COUNTER_CPU];
    start_own_us = last_own_us;
}

uint64_t usage_sample(void)
{
    read_cpu();
    note_peak(difference(cgroup_read(COUNTER_MEMORY), start[COUNTER_MEMORY]) / 1024);
    return usage_cpu_us();
}

void usage_end(void)
{
    read_cpu();
    last[COUNTER_OOM] = cgroup_read(COUNTER_OOM);
    last[COUNTER_PIDS] = cgroup_read(COUNTER_PIDS);
}

void usage_reaped(const struct rusage *rusage)
{
    note_peak((uint64_t)rusage->ru_maxrss);
}

uint64_t usage_cpu_us(void)
{
    uint64_t all_us = difference(last[COUNTER_CPU], start[COUNTER_CPU]);
    return difference(all_us, last_own_us - start_own_us);
}

uint64_t usage_memory_kb(void)
{
    return peak_kb;
}

uint32_t usage_oom_kills(void)
{
    return (uint32_t)difference(last[COUNTER_OOM], start[COUNTER_OOM]);
}

bool usage_forks_refused(void)
{
    return last[COUNTER_PIDS] > start[COUNTER_PIDS];
}
