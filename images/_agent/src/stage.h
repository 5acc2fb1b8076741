/* SPDX-License-Identifier: MIT */
/*
 * One stage at a time: a program, its limits, its streams, its end.
 *
 *   IDLE -> RUNNING -> KILLING (until nothing is left) -> DRAINING -> IDLE
 */
#ifndef AGENT_STAGE_H
#define AGENT_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "identity.h"
#include "proto.h"

/* True from stage_begin() until `exit` has been queued. */
bool stage_active(void);

/* Starts the program; none may be active. Its strings must stay until the next one. */
void stage_begin(const struct stage_request *wanted, const struct identities *ids);

/* The `kill` frame: ends a running program, else does nothing. */
void stage_kill(void);

/*
 * The `signal` frame: for the program and whatever of its has stayed in its
 * process group. Ignored once it has been reaped, or when none runs.
 */
void stage_signal(int number);

/* There is something to be read from one of the program's streams (outputs.h). */
void stage_read(unsigned stream);

/* Reaps whatever has ended. */
void stage_reap(void);

/*
 * Looks at the clocks and limits if it is time to, and takes the stage one
 * state further if it can be. Returns when to call again at the latest, on
 * clock_us(), or UINT64_MAX.
 */
uint64_t stage_advance(void);

#endif
