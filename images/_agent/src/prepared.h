/* SPDX-License-Identifier: MIT */
/*
 * A compiler that is started before there is anything to compile: at most one,
 * as the compile uid in /build. Until a stage takes it over it has seen nothing
 * of a submission, and counts as ours: files may be written beside it.
 */
#ifndef AGENT_PREPARED_H
#define AGENT_PREPARED_H

#include <stdbool.h>
#include <sys/types.h>

#include "child.h"
#include "identity.h"
#include "proto.h"

/* True until `prepared` has been queued. */
bool prepared_starting(void);

/* Starts it; there must be none, nor any other program. */
void prepared_begin(const struct command *command, const struct identities *ids);

/* The descriptor to poll for input, or -1; and what to do when there is some. */
int prepared_poll(void);
void prepared_polled(void);

/* A process was reaped: it may have been this one. */
void prepared_reaped(pid_t pid);

/* After reaping: clears away what has died, and says so if that is news. */
void prepared_advance(void);

/*
 * Hands it over as a running program. False if there is none, or it isn't what
 * it should be: alive, and silent since its first byte.
 */
bool prepared_take(struct child *taken);

/*
 * Ends it, if there is one, and returns when no process is left. Fails the
 * sandbox if that takes more than 5 s.
 */
void prepared_discard(void);

#endif
