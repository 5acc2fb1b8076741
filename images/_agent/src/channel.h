/* SPDX-License-Identifier: MIT */
/*
 * What the agent writes: a bounded queue of frames before fd 1. Nothing here
 * ever blocks, except fail(), for a moment.
 */
#ifndef AGENT_CHANNEL_H
#define AGENT_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto.h"

enum { CHANNEL_ROOM_MAX = 64 * 1024 };

enum exit_status { EXIT_OVER = 0, EXIT_FAILED = 70, EXIT_LIFETIME = 71 };

/* True while something is to be written. */
bool channel_pending(void);

/* What waits for company (see channel_started) waits no longer. */
void channel_release(void);

/* Writes what fd 1 takes now. The agent exits when nobody reads any more. */
void channel_flush(void);

/*
 * How many bytes of a program's output can be queued now, at most
 * CHANNEL_ROOM_MAX; 0 says: stop reading.
 */
size_t channel_room(void);

/*
 * Where up to channel_room() bytes can be written to; then channel_output()
 * makes them a frame of that type.
 */
uint8_t *channel_output_space(size_t size);
void channel_output(enum frame_type type, size_t size);

/* Queues a frame. `started` alone waits for the next one, or for channel_release(). */
void channel_ready(void);
void channel_started(bool by_prepared);
void channel_credit(uint32_t bytes);
void channel_exit(const struct exit_report *report);
void channel_artefact_end(bool complete);
void channel_prepared(bool alive);
void channel_memory(uint64_t bytes);

/* Gives unused memory back. */
void channel_trim(void);

/* Sends an `error` frame with this text and ends the sandbox with status 70. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, with what errno means at the end. */
_Noreturn void fail_errno(const char *what);

#endif
