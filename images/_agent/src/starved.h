/* SPDX-License-Identifier: MIT */
/*
 * How long the stage's programs were kept from running by others: wall time in
 * which none of their threads ran, and one was ready to.
 *
 * What is found is a lower bound. Of a thread the kernel tells how long it ran
 * and how long it waited for a CPU while it was ready (schedstat). While it
 * waited, its own kin ran for at most as long as they ran at all; what is left
 * of its waiting is nobody's doing in the sandbox. So threads that wait for
 * each other find nothing, and nothing is added up that may be the same time:
 * of threads that lived at the same time, the one with the most counts.
 * The time in which the cgroup was held back by its own quota is taken off.
 */
#ifndef AGENT_STARVED_H
#define AGENT_STARVED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens what it reads. Once, at the start; where the kernel tells nothing, nothing is found. */
void starved_open(void);

/* A stage begins: nothing but the agent is alive. */
void starved_begin(void);

/* The stage's program has been started: its file is opened while there is memory. */
void starved_follow(pid_t pid);

/* It has been reaped. */
void starved_unfollow(void);

/*
 * Looks at all threads, if it was not done just now: what a thread was waiting
 * when it ends is lost otherwise. `cpu_us`: what the stage has used so far.
 * While memory is nearly full, no files are opened: only a program of one
 * thread is looked at, whose file is open.
 */
void starved_look(uint64_t cpu_us, bool at_once);

/* Microseconds found since the stage began, as of the last look. */
uint64_t starved_us(void);

#endif
