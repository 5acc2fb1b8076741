/* SPDX-License-Identifier: MIT */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "queue.h"

enum {
    OUTPUT_CAPACITY = 320 * 1024,
    /* Output stops here, so that control frames always find room. */
    CONTROL_RESERVE = 4096,
    ERROR_TEXT_MAX = 512,
    FAIL_FLUSH_US = 1000 * 1000,
};

static _Alignas(QUEUE_ALIGNMENT) uint8_t storage[OUTPUT_CAPACITY];
static struct queue output = {.storage = storage, .capacity = sizeof storage};
static bool held; /* only `started` is pending, and may wait for company */

bool channel_pending(void)
{
    return !held && queue_size(&output) != 0;
}

void channel_release(void)
{
    held = false;
}

void channel_flush(void)
{
    while (channel_pending()) {
        ssize_t size = write(STDOUT_FILENO, queue_front(&output), queue_size(&output));
        if (size >= 0)
            queue_taken(&output, (size_t)size);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR)
            _exit(EXIT_OVER); /* the other end is gone, and with it the job */
    }
}

size_t channel_room(void)
{
    size_t room = queue_room(&output);
    if (room < CONTROL_RESERVE + PROTO_HEADER)
        return 0;
    room -= CONTROL_RESERVE + PROTO_HEADER;
    return room < CHANNEL_ROOM_MAX ? room : CHANNEL_ROOM_MAX;
}

uint8_t *channel_output_space(size_t size)
{
    return queue_reserve(&output, PROTO_HEADER + size) + PROTO_HEADER;
}

void channel_output(enum frame_type type, size_t size)
{
    uint8_t *frame = queue_reserve(&output, PROTO_HEADER + size);
    proto_put_header(frame, type, size);
    queue_added(&output, PROTO_HEADER + size);
    held = false;
}

/* Where a control frame goes. Only a peer that breaks the order can fill the reserve. */
static uint8_t *control_space(size_t size)
{
    uint8_t *frame = queue_reserve(&output, size);
    if (frame == NULL)
        _exit(EXIT_FAILED);
    held = false;
    return frame;
}

void channel_ready(void)
{
    queue_added(&output, proto_put_ready(control_space(PROTO_SMALL_FRAME)));
}

void channel_started(bool by_prepared)
{
    bool alone = queue_size(&output) == 0;
    queue_added(&output, proto_put_started(control_space(PROTO_SMALL_FRAME), by_prepared));
    held = alone;
}

void channel_credit(uint32_t bytes)
{
    queue_added(&output, proto_put_credit(control_space(PROTO_SMALL_FRAME), bytes));
}

void channel_exit(const struct exit_report *report)
{
    queue_added(&output, proto_put_exit(control_space(PROTO_SMALL_FRAME), report));
}

void channel_artefact_end(bool complete)
{
    queue_added(&output, proto_put_artefact_end(control_space(PROTO_SMALL_FRAME), complete));
}

void channel_prepared(bool alive)
{
    queue_added(&output, proto_put_prepared(control_space(PROTO_SMALL_FRAME), alive));
}

void channel_memory(uint64_t bytes)
{
    queue_added(&output, proto_put_memory(control_space(PROTO_SMALL_FRAME), bytes));
}

void channel_trim(void)
{
    queue_trim(&output);
}

_Noreturn void fail(const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = size < 0 ? 0 : (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;

    uint8_t *frame = control_space(PROTO_HEADER + length);
    proto_put_header(frame, FRAME_ERROR, length);
    memcpy(frame + PROTO_HEADER, text, length);
    queue_added(&output, PROTO_HEADER + length);

    uint64_t deadline = clock_us() + FAIL_FLUSH_US;
    for (channel_flush(); channel_pending() && clock_us() < deadline; channel_flush()) {
        struct pollfd writable = {.fd = STDOUT_FILENO, .events = POLLOUT};
        (void)poll(&writable, 1, 10);
    }
    _exit(EXIT_FAILED);
}

_Noreturn void fail_errno(const char *what)
{
    fail("%s: %s", what, strerror(errno));
}
