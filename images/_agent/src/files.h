/* SPDX-License-Identifier: MIT */
/* Writing a submission's files. */
#ifndef AGENT_FILES_H
#define AGENT_FILES_H

#include "identity.h"
#include "proto.h"

#define BUILD_FOLDER "/build"
#define WORK_FOLDER "/work"

/*
 * Creates the file, or appends to it, in each of its targets, as the uid it
 * belongs to. No program may be alive. Fails the sandbox on any error.
 */
void files_write(const struct file_request *file, const struct identities *ids);

#endif
