/* SPDX-License-Identifier: MIT */
/* The running program's stdin: a window of bytes, and credit for what it took. */
#ifndef AGENT_STDIN_H
#define AGENT_STDIN_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto.h"

/* A program was started; fd is the agent's end of its stdin. The window is full. */
void stdin_open(int fd);

/* Arguments for a prepared compiler, and the end: nothing else is passed on. */
void stdin_arguments(const struct command *command);

/* The same without any arguments. */
void stdin_nothing(void);

/* Bytes for it, or their end, have come. Both are ignored when no program is there to take them. */
void stdin_bytes(const uint8_t *bytes, size_t size);
void stdin_end(void);

/* True while a program runs whose stdin is not all here. */
bool stdin_expects(void);

/* Gives the credit that is due. It adds up to a quarter of the window, or while the channel is full. */
void stdin_credit(void);

/* The descriptor to poll, or -1; *events says what for. */
int stdin_poll(short *events);

/* What poll said about it: passes on what the pipe takes now. */
void stdin_polled(short events);

/* The stage is over: nothing more is passed on, and no more credit given. */
void stdin_close(void);

/* Gives unused memory back. */
void stdin_trim(void);

#endif
