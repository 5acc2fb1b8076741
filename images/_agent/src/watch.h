/* SPDX-License-Identifier: MIT */
/* Limits that the kernel enforces by itself, and that can be seen being hit. */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include <sys/types.h>

#include "proto.h"

/* Finds the folders that have a limit. Once, at the start. */
void watch_open(void);

/* A program was started: watch its descriptors and the folders of its kind. */
void watch_begin(enum stage_kind kind, pid_t pid);

/* The limits (of enum limit_hit) that are reached at this moment. */
unsigned watch_look(void);

/* Its process was reaped. */
void watch_end(void);

#endif
