/* SPDX-License-Identifier: MIT */
#include "stdin.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "queue.h"

/* Credit in smaller steps would be a frame for each of an interactive program's lines. */
enum { CREDIT_MIN = PROTO_STDIN_WINDOW / 4 };

/* Twice the window, so that bytes need moving to the front only rarely. */
static _Alignas(QUEUE_ALIGNMENT) uint8_t storage[2 * PROTO_STDIN_WINDOW];
static struct queue input = {.storage = storage, .capacity = sizeof storage};

static bool active;
static bool ended;       /* no more bytes will come */
static bool deaf;        /* what the other side sends is not for this program */
static int pipe_fd = -1; /* -1 while active: the program takes no more */
static uint32_t window;  /* bytes the other side may send */
static uint32_t owed;    /* bytes to be given back to it */

void stdin_open(int fd)
{
    active = true;
    ended = false;
    deaf = false;
    pipe_fd = fd;
    window = PROTO_STDIN_WINDOW;
    owed = 0;
}

static void close_pipe(void)
{
    if (pipe_fd >= 0)
        close(pipe_fd);
    pipe_fd = -1;
}

static void take(size_t size)
{
    queue_taken(&input, size);
    owed += (uint32_t)size;
}

void stdin_credit(void)
{
    if (!active || ended || owed < CREDIT_MIN || channel_room() == 0)
        return;
    channel_credit(owed);
    window += owed;
    owed = 0;
}

/* Passes on what the pipe takes, and gives credit for it. */
static void pump(void)
{
    while (pipe_fd >= 0 && queue_size(&input) != 0) {
        ssize_t size = write(pipe_fd, queue_front(&input), queue_size(&input));
        if (size > 0)
            take((size_t)size);
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            close_pipe(); /* the program closed its end */
    }
    if (pipe_fd < 0)
        take(queue_size(&input));
    else if (ended && queue_size(&input) == 0)
        close_pipe();
    stdin_credit();
}

void stdin_nothing(void)
{
    deaf = true;
    stdin_end();
}

void stdin_arguments(const struct command *command)
{
    size_t size = proto_put_arguments(NULL, command);
    proto_put_arguments(queue_reserve(&input, size), command);
    queue_added(&input, size);
    stdin_nothing();
}

void stdin_bytes(const uint8_t *bytes, size_t size)
{
    if (!active || deaf || size == 0)
        return;
    if (ended)
        fail("stdin after its end");
    if (size > window)
        fail("stdin window overrun");
    window -= (uint32_t)size;
    memcpy(queue_reserve(&input, size), bytes, size);
    queue_added(&input, size);
    pump();
}

void stdin_end(void)
{
    if (!active)
        return;
    ended = true;
    pump();
}

bool stdin_expects(void)
{
    return active && !ended;
}

int stdin_poll(short *events)
{
    /* Without events, poll still says POLLERR once the program closed its end. */
    *events = queue_size(&input) != 0 ? POLLOUT : 0;
    return active ? pipe_fd : -1;
}

void stdin_polled(short events)
{
    if ((events & POLLERR) != 0)
        close_pipe(); /* no reader is left, and none can come back */
    pump();
}

void stdin_close(void)
{
    close_pipe();
    queue_taken(&input, queue_size(&input));
    active = false;
}

void stdin_trim(void)
{
    queue_trim(&input);
}
