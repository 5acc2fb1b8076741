/* SPDX-License-Identifier: MIT */
#include "outputs.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include "channel.h"
#include "proto.h"

/* What a program writes to one descriptor. */
struct stream {
    int fd; /* -1: at its end */
    enum frame_type type;
    enum truncated bit;
    uint32_t limit;
    uint32_t left; /* bytes that may still be passed on */
};

static struct stream streams[STREAMS] = {
    {.fd = -1, .type = FRAME_STDOUT, .bit = TRUNCATED_STDOUT},
    {.fd = -1, .type = FRAME_STDERR, .bit = TRUNCATED_STDERR},
};

static void open_stream(struct stream *stream, int fd, uint32_t limit)
{
    stream->fd = fd;
    stream->limit = stream->left = limit;
}

static void close_stream(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

void outputs_open(const struct child *child, uint32_t stdout_limit, uint32_t stderr_limit)
{
    open_stream(&streams[0], child->output, stdout_limit);
    open_stream(&streams[1], child->errors, stderr_limit);
}

void outputs_close(void)
{
    for (unsigned i = 0; i < STREAMS; i++)
        close_stream(&streams[i]);
}

void outputs_poll(int fds[STREAMS])
{
    bool readable = channel_room() > 0;
    for (unsigned i = 0; i < STREAMS; i++)
        fds[i] = readable ? streams[i].fd : -1;
}

unsigned outputs_read(unsigned i, bool last)
{
    struct stream *stream = &streams[i];
    size_t room = channel_room();
    if (stream->fd < 0 || room == 0)
        return 0;
    /* One byte more than allowed shows that there is more. */
    size_t wanted = stream->left < room ? (size_t)stream->left + 1 : room;
    ssize_t size = read(stream->fd, channel_output_space(wanted), wanted);
    if (size < 0 && (errno == EINTR || (errno == EAGAIN && !last)))
        return 0;
    if (size <= 0) {
        /* When all are dead, an empty pipe stays empty, whoever holds its end. */
        close_stream(stream);
        return 0;
    }
    bool beyond = (size_t)size > stream->left;
    size_t passed = beyond ? stream->left : (size_t)size;
    stream->left -= (uint32_t)passed;
    if (passed > 0)
        channel_output(stream->type, passed);
    if (!beyond)
        return 0;
    close_stream(stream);
    return stream->bit;
}

bool outputs_drain(unsigned *truncated)
{
    for (unsigned i = 0; i < STREAMS; i++)
        while (streams[i].fd >= 0) {
            if (channel_room() == 0)
                channel_flush();
            if (channel_room() == 0)
                return false;
            *truncated |= outputs_read(i, true);
        }
    return true;
}

bool outputs_silent(void)
{
    struct pollfd pipes[STREAMS];
    for (unsigned i = 0; i < STREAMS; i++) {
        if (streams[i].left != streams[i].limit)
            return false;
        pipes[i] = (struct pollfd){.fd = streams[i].fd, .events = POLLIN};
    }
    /* The end of a pipe is no word. */
    return poll(pipes, STREAMS, 0) >= 0 && ((pipes[0].revents | pipes[1].revents) & POLLIN) == 0;
}
