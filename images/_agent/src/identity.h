/* SPDX-License-Identifier: MIT */
/* Who the agent is, and who its children become. */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct identities {
    uid_t agent;
    uid_t compile;
    uid_t run;
};

/*
 * From root with three capabilities to the agent's own uid with the same
 * three. Fails the sandbox if any step does.
 */
void identity_drop(uid_t agent);

/*
 * For a forked child only: becomes uid for good, without any capability.
 * Returns false, with errno, if that did not fully succeed.
 */
bool identity_become(uid_t uid);

/*
 * Makes new files and pipes belong to uid and file access happen as uid; back
 * again with the agent's uid. Changes nothing about who may signal or trace
 * the agent. Fails the sandbox if it doesn't take effect.
 */
void identity_use_for_files(uid_t uid);

#endif
