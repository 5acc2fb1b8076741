/* SPDX-License-Identifier: MIT */
/* Starting a program: the only place where the agent executes anything. */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto.h"

struct child {
    pid_t pid;
    int input;  /* the agent's ends of its pipes, non-blocking */
    int output;
    int errors;
};

/*
 * Executes a command in folder as uid, with the pipes as its descriptors
 * 0, 1, 2 and with nothing of the agent's. Returns 0 once it has been
 * executed; or errno if it could not be, and *child is then void. Everything
 * else that goes wrong fails the sandbox.
 */
int child_spawn(const struct command *command, const char *folder, uid_t uid, uid_t agent,
                struct child *child);

/* For a forked child only: closes `first` and all descriptors after it. */
void child_close_from(int first);

#endif
