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

void queue_trim(const struct queue *queue)
{
    /* The last page may be shared with other data: it stays. */
    size_t from = (queue->tail + QUEUE_ALIGNMENT - 1) & ~(size_t)(QUEUE_ALIGNMENT - 1);
    size_t to = queue->capacity & ~(size_t)(QUEUE_ALIGNMENT - 1);
    /* Only saves memory: where pages are larger it may fail, and does no harm. */
    if (from < to)
        (void)madvise(queue->storage + from, to - from, MADV_DONTNEED);
}
