/* SPDX-License-Identifier: MIT */
#include "queue.h"

#include <string.h>
#include <sys/mman.h>

uint8_t *queue_reserve(struct queue *queue, size_t size)
{
    if (size > queue_room(queue))
        return NULL;
    if (size > queue->capacity - queue->tail) {
        memmove(queue->storage, queue_front(queue), queue_size(queue));
        queue->tail -= queue->head;
        queue->head = 0;
    }
    return queue->storage + queue->tail;
}

void queue_added(struct queue *queue, size_t size)
{
    queue->tail += size;
}

void queue_taken(struct queue *queue, size_t size)
{
    queue->head += size;
    if (queue->head == queue->tail)
        queue->head = queue->tail = 0;
}

/* Gives the whole pages between two offsets back; what was in them is lost. */
static void release(const struct queue *queue, size_t from, size_t to)
{
    const size_t mask = QUEUE_ALIGNMENT - 1;
    from = (from + mask) & ~mask;
    to &= ~mask;
    /* Only saves memory: where pages are larger it may fail, and does no harm. */
    if (from < to)
        (void)madvise(queue->storage + from, to - from, MADV_DONTNEED);
}

void queue_trim(const struct queue *queue)
{
    release(queue, 0, queue->head);
    release(queue, queue->tail, queue->capacity);
}
