/*
 * Class: cpu, signals
 * Attacks: the CPU limit, by catching every signal that could tell of it, asking the own limit away,
 *   and moving from processor to processor.
 * Invariant: a limit needs nobody's consent.
 * Allowed: time_limit/cpu
 * Request: {"limits": {"cpu_ms": 500, "wall_ms": 20000}}
 * Prints: burning\n
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static void deaf(int number)
{
    signal(number, deaf);
}

int main(void)
{
    for (int number = 1; number <= 64; number++)
        signal(number, deaf);
    setrlimit(RLIMIT_CPU, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    write(1, "burning\n", 8);
    for (unsigned i = 0;; i++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(i % 2, &one);
        sched_setaffinity(0, sizeof one, &one);
    }
}
