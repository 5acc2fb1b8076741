/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cgroup.h"
#include "channel.h"
#include "clock.h"
#include "files.h"
#include "outputs.h"
#include "pack.h"
#include "prepared.h"
#include "proto.h"
#include "queue.h"
#include "stage.h"
#include "stdin.h"
#include "tidy.h"

enum { CONTROL, OUTPUT, SIGNALS, PROGRAM_STDIN, PREPARED, FIRST_STREAM, POLLED = FIRST_STREAM + STREAMS };

/* A whole frame always fits; the pages of a rarely needed rest stay untouched. */
static _Alignas(QUEUE_ALIGNMENT) uint8_t storage[2 * PROTO_FRAME_MAX];
static struct queue control = {.storage = storage, .capacity = sizeof storage};

/* The last `stage` or `prepare`: it stays until the next, while the queue moves on. */
static uint8_t command_bytes[PROTO_PAYLOAD_MAX];
static char *vector[PROTO_VECTOR_MAX];

/* Files, stages and packing come one after the other. */
static void require_idle(const char *what)
{
    if (stage_active())
        fail("%s while a stage runs", what);
    if (pack_active())
        fail("%s while packing", what);
    if (prepared_starting())
        fail("%s while preparing", what);
}

static void handle_file(const struct frame *frame, const struct identities *ids)
{
    struct file_request file;
    const char *fault = proto_parse_file(frame->payload, frame->size, &file);
    if (fault != NULL)
        fail("%s", fault);
    require_idle("file");
    tidy(ids);
    files_write(&file, ids);
}

/* Before a program starts, memory that files took is given back: it would count. */
static void trim(void)
{
    queue_trim(&control);
    channel_trim();
    stdin_trim();
}

static void handle_stage(const struct frame *frame, const struct identities *ids)
{
    struct stage_request stage;
    require_idle("stage");
    memcpy(command_bytes, frame->payload, frame->size);
    const char *fault = proto_parse_stage(command_bytes, frame->size, vector, &stage);
    if (fault != NULL)
        fail("stage: %s", fault);
    trim();
    stage_begin(&stage, ids);
}

static void handle_pack(const struct frame *frame, const struct identities *ids)
{
    uint32_t max_bytes;
    const char *fault = proto_parse_pack(frame->payload, frame->size, &max_bytes);
    if (fault != NULL)
        fail("%s", fault);
    require_idle("pack");
    prepared_discard();
    tidy(ids);
    pack_begin(max_bytes, ids);
}

static void handle_prepare(const struct frame *frame, const struct identities *ids)
{
    struct command command;
    require_idle("prepare");
    prepared_discard();
    memcpy(command_bytes, frame->payload, frame->size);
    const char *fault = proto_parse_prepare(command_bytes, frame->size, vector, &command);
    if (fault != NULL)
        fail("prepare: %s", fault);
    trim();
    tidy(ids);
    prepared_begin(&command, ids);
}

static void handle_dismiss(const struct identities *ids)
{
    require_idle("dismiss");
    prepared_discard();
    tidy(ids);
    channel_prepared(false);
}

/* Nothing runs, and what a run has left is cleared away: it would be in the way of nobody. */
static void handle_measure(const struct identities *ids)
{
    require_idle("measure");
    trim();
    tidy(ids);
    channel_memory(cgroup_held());
}

static void handle_signal(const struct frame *frame)
{
    int number;
    const char *fault = proto_parse_signal(frame->payload, frame->size, &number);
    if (fault != NULL)
        fail("%s", fault);
    stage_signal(number);
}

static void handle(const struct frame *frame, const struct identities *ids)
{
    switch (frame->type) {
    case FRAME_FILE:
        handle_file(frame, ids);
        break;
    case FRAME_STAGE:
        handle_stage(frame, ids);
        break;
    case FRAME_STDIN:
        stdin_bytes(frame->payload, frame->size);
        break;
    case FRAME_STDIN_END:
        stdin_end();
        break;
    case FRAME_PACK:
        handle_pack(frame, ids);
        break;
    case FRAME_PREPARE:
        handle_prepare(frame, ids);
        break;
    case FRAME_DISMISS:
        handle_dismiss(ids);
        break;
    case FRAME_SIGNAL:
        handle_signal(frame);
        break;
    case FRAME_MEASURE:
        handle_measure(ids);
        break;
    default: /* proto_decode() lets no other type through */
        stage_kill();
    }
}

/* Handles every whole frame that has come. */
static void handle_control(const struct identities *ids)
{
    struct frame frame;
    const char *why = NULL;
    for (;;) {
        switch (proto_decode(queue_front(&control), queue_size(&control), &frame, &why)) {
        case DECODED_MORE:
            return;
        case DECODED_ERROR:
            fail("%s", why);
        case DECODED_FRAME:
            handle(&frame, ids);
            queue_taken(&control, PROTO_HEADER + frame.size);
        }
    }
}

/* Reads what has come. The end of it is the end of the sandbox. */
static void read_control(const struct identities *ids)
{
    size_t room = PROTO_FRAME_MAX - queue_size(&control);
    ssize_t size = read(STDIN_FILENO, queue_reserve(&control, room), room);
    if (size == 0)
        _exit(EXIT_OVER);
    if (size < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return;
        _exit(EXIT_OVER); /* a broken connection is over, too */
    }
    queue_added(&control, (size_t)size);
    handle_control(ids);
    if (stdin_expects())
        channel_release(); /* the rest is not sent before the program has started */
}

/* The signals say nothing that reaping does not. */
static void read_signals(int signals)
{
    struct signalfd_siginfo ignored[4];
    while (read(signals, ignored, sizeof ignored) > 0)
        continue;
    stage_reap();
    prepared_advance();
}

/* Milliseconds until that time, rounded up; -1: for ever. */
static int milliseconds_until(uint64_t deadline)
{
    uint64_t now = clock_us();
    if (deadline == UINT64_MAX)
        return -1;
    return deadline <= now ? 0 : (int)((deadline - now + 999) / 1000);
}

static void wait_for_events(struct pollfd polled[POLLED], int signals, uint64_t deadline)
{
    int streams[STREAMS];
    polled[CONTROL] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    polled[OUTPUT].fd = channel_pending() ? STDOUT_FILENO : -1;
    polled[OUTPUT].events = POLLOUT;
    polled[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
    polled[PROGRAM_STDIN].fd = stdin_poll(&polled[PROGRAM_STDIN].events);
    polled[PREPARED] = (struct pollfd){.fd = prepared_poll(), .events = POLLIN};
    outputs_poll(streams);
    for (unsigned i = 0; i < STREAMS; i++)
        polled[FIRST_STREAM + i] = (struct pollfd){.fd = streams[i], .events = POLLIN};
    if (poll(polled, POLLED, milliseconds_until(deadline)) < 0)
        for (unsigned i = 0; i < POLLED; i++)
            polled[i].revents = 0;
}

_Noreturn void loop_run(const struct identities *ids, int signals)
{
    struct pollfd polled[POLLED] = {0};
    for (;;) {
        uint64_t deadline = stage_advance();
        pack_advance();
        channel_flush();
        if (!stage_active() && !channel_pending())
            tidy_compilation(ids);
        wait_for_events(polled, signals, deadline);
        if (polled[CONTROL].revents != 0)
            read_control(ids);
        for (unsigned i = 0; i < STREAMS; i++)
            if (polled[FIRST_STREAM + i].revents != 0)
                stage_read(i);
        if (polled[PROGRAM_STDIN].revents != 0)
            stdin_polled(polled[PROGRAM_STDIN].revents);
        stdin_credit();
        if (polled[PREPARED].revents != 0 && prepared_starting())
            prepared_polled();
        if (polled[SIGNALS].revents != 0)
            read_signals(signals);
    }
}
