/* SPDX-License-Identifier: MIT */
/* The running program's stdin: a window of bytes, and credit for what it took. */
#ifndef AGENT_FEED_H
#define AGENT_FEED_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto.h"

/* A program was started; fd is the agent's end of its stdin. The window is full. */
void feed_open(int fd);

/* Arguments for a prepared compiler, and the end: nothing else is passed on. */
void feed_arguments(const struct command *command);

/* The same without any arguments. */
void feed_nothing(void);

/* Bytes for it, or their end, have come. Both are ignored when no feed is open. */
void feed_bytes(const uint8_t *bytes, size_t size);
void feed_end(void);

/* True while a program runs whose stdin is not all here. */
bool feed_expects(void);

/* Gives the credit that is due. It adds up to a quarter of the window, or while the channel is full. */
void feed_credit(void);

/* The descriptor to poll, or -1; *events says what for. */
int feed_poll(short *events);

/* What poll said about it: passes on what the pipe takes now. */
void feed_polled(short events);

/* The stage is over: nothing more is passed on, and no more credit given. */
void feed_close(void);

/* Gives unused memory back. */
void feed_trim(void);

#endif
