/* SPDX-License-Identifier: MIT */
/*
 * What a compilation left in /build, as frames that put it back: for a cache.
 *
 * Only what those frames can say exactly is packed: regular files with one
 * name, mode 0644 or 0755 and no attributes, in folders of mode 0755 that have
 * something in them. No program may be alive from pack_begin() to the end, so
 * that what was looked at stays as it is.
 */
#ifndef AGENT_PACK_H
#define AGENT_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "identity.h"

/* True from pack_begin() until `artefact_end` has been queued. */
bool pack_active(void);

/* Looks at /build; frames of more than max_bytes in all are not made. */
void pack_begin(uint32_t max_bytes, const struct identities *ids);

/* Queues as many frames as there is room for. */
void pack_advance(void);

#endif
