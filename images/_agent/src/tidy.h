/* SPDX-License-Identifier: MIT */
/* What a stage leaves behind, and removing it before anything else happens. */
#ifndef AGENT_TIDY_H
#define AGENT_TIDY_H

#include "identity.h"
#include "proto.h"

/* A stage of this kind has started: its traces are to be removed after it. */
void tidy_mark(enum stage_kind kind);

/*
 * Removes the traces, if there are any: what the stage's uid left in /tmp and
 * /dev/shm; after a run, in /work; after a compilation, /build is made
 * read-only to others. No program may be alive. Fails the sandbox if it does
 * not succeed in 5 s.
 */
void tidy(const struct identities *ids);

/*
 * The same, if it is a compilation's traces: the way to the orchestrator and
 * back, before the program is run, takes as long.
 */
void tidy_compilation(const struct identities *ids);

#endif
