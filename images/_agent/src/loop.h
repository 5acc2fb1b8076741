/* SPDX-License-Identifier: MIT */
/* The agent's only loop: frames in, frames out, the program's pipes, its end. */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "identity.h"

/* Runs until stdin ends. signals is a signalfd for SIGCHLD. */
_Noreturn void loop_run(const struct identities *ids, int signals);

#endif
