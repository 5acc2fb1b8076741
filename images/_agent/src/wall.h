/* SPDX-License-Identifier: MIT */
/* A stage's wall limit. What others kept it from running for is given back at the limit. */
#ifndef AGENT_WALL_H
#define AGENT_WALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* From now on. `limit_ms`: 0 for none; with what is given back it is at most `most_ms`. */
void wall_begin(uint32_t limit_ms, uint32_t most_ms);

/* The program of which others' time is given back, as soon as it is started, and when it is reaped. */
void wall_follow(pid_t program);
void wall_unfollow(void);

/* Whether the limit is reached; before it says so, it looks at what is to be given back. */
bool wall_reached(uint64_t cpu_us);

/* Microseconds since it began. */
uint64_t wall_us(void);

/* How many of them are beyond the limit, and were given back. */
uint64_t wall_given_back_us(void);

/* `next_us`, or when the limit is reached, on clock_us(), if that is earlier. */
uint64_t wall_at_most(uint64_t next_us);

#endif
