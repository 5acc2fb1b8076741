/* SPDX-License-Identifier: MIT */
/* A program's stdout and stderr: passed on as frames, up to a limit each. */
#ifndef AGENT_OUTPUTS_H
#define AGENT_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "child.h"

enum { STREAMS = 2 };

void outputs_open(const struct child *child, uint32_t stdout_limit, uint32_t stderr_limit);
void outputs_close(void);

/* Which descriptors to poll for input (-1: none now). */
void outputs_poll(int fds[STREAMS]);

/*
 * Takes what there is from stream i, if there is room for it. `last`: nobody
 * can write to it any more. Returns 0, or of enum truncated the stream's bit if
 * there was more than its limit allows.
 */
unsigned outputs_read(unsigned i, bool last);

/* Takes the rest, when nobody can write any more; false: call again when there is room. */
bool outputs_drain(unsigned *truncated);

/* True if nothing has come, nor is there anything to be read. */
bool outputs_silent(void);

#endif
