#include "usage.h"

#include "cgroup.h"

static struct counters start;
static struct counters last;
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

void usage_begin(void)
{
    cgroup_read(&start);
    start_own_us = own_cpu_us();
    last = start;
    last_own_us = start_own_us;
    peak_kb = 0;
}

uint64_t usage_sample(void)
{
    cgroup_read(&last);
    last_own_us = own_cpu_us();
    note_peak(difference(last.memory, start.memory) / 1024);
    return usage_cpu_us();
}

void usage_reaped(const struct rusage *rusage)
{
    note_peak((uint64_t)rusage->ru_maxrss);
}

uint64_t usage_cpu_us(void)
{
    return difference(last.cpu_us - start.cpu_us, last_own_us - start_own_us);
}

uint64_t usage_memory_kb(void)
{
    return peak_kb;
}

uint32_t usage_oom_kills(void)
{
    return (uint32_t)difference(last.oom_kills, start.oom_kills);
}

uint64_t usage_pids_refused(void)
{
    return difference(last.pids_refused, start.pids_refused);
}
