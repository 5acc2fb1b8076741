/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of bytes in static storage. It always keeps its content in
 * one piece and starts over at the front when it runs empty, so that a queue
 * that is never full touches only its first pages.
 */
#ifndef AGENT_QUEUE_H
#define AGENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

enum { QUEUE_ALIGNMENT = 4096 }; /* storage must be aligned so */

struct queue {
    uint8_t *storage;
    size_t capacity;
    size_t head; /* first byte of the content */
    size_t tail; /* one past its last */
};

static inline size_t queue_size(const struct queue *queue)
{
    return queue->tail - queue->head;
}

static inline size_t queue_room(const struct queue *queue)
{
    return queue->capacity - queue_size(queue);
}

static inline uint8_t *queue_front(const struct queue *queue)
{
    return queue->storage + queue->head;
}

/* Returns where `size` bytes can be added in one piece, or NULL if they don't fit. */
uint8_t *queue_reserve(struct queue *queue, size_t size);

/* `size` bytes were written to where queue_reserve() said. */
void queue_added(struct queue *queue, size_t size);

/* `size` bytes at the front are done with. */
void queue_taken(struct queue *queue, size_t size);

/* Gives the memory before and behind the content back to the system. */
void queue_trim(const struct queue *queue);

#endif
