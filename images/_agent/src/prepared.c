/* SPDX-License-Identifier: MIT */
#include "prepared.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "files.h"
#include "tidy.h"

enum { DISCARD_US = 5 * 1000 * 1000, KILL_AGAIN_NS = 2 * 1000 * 1000 };

enum state { NONE, STARTING, READY };

static enum state state;
static struct child child; /* pid 0: it was reaped */

bool prepared_starting(void)
{
    return state == STARTING;
}

void prepared_begin(const struct command *command, const struct identities *ids)
{
    if (child_spawn(command, BUILD_FOLDER, ids->compile, ids->agent, &child) == 0)
        state = STARTING;
    else
        channel_prepared(false);
}

/* It failed to start: that is news. */
static void give_up(void)
{
    prepared_discard();
    channel_prepared(false);
}

int prepared_poll(void)
{
    return state == STARTING ? child.output : -1;
}

void prepared_polled(void)
{
    uint8_t byte;
    ssize_t size = read(child.output, &byte, 1);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size != 1) {
        give_up();
        return;
    }
    state = READY;
    channel_prepared(true);
}

void prepared_reaped(pid_t pid)
{
    if (state != NONE && pid == child.pid)
        child.pid = 0;
}

void prepared_advance(void)
{
    if (state == NONE || child.pid != 0)
        return;
    if (state == STARTING)
        give_up();
    else
        prepared_discard();
}

static bool is_alive(void)
{
    siginfo_t info = {.si_pid = 0};
    return child.pid != 0 &&
           waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
}

/* What it wrote since would be taken for the compiler's, as would its end. */
static bool is_silent(void)
{
    struct pollfd streams[] = {
        {.fd = child.output, .events = POLLIN},
        {.fd = child.errors, .events = POLLIN},
    };
    return poll(streams, 2, 0) == 0;
}

bool prepared_take(struct child *taken)
{
    if (state != READY || !is_alive() || !is_silent())
        return false;
    *taken = child;
    state = NONE;
    return true;
}

/* Kills and reaps until no process is left. */
static void end_everything(void)
{
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    uint64_t deadline = clock_us() + DISCARD_US;
    for (;;) {
        kill(-1, SIGKILL);
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
            continue;
        if (pid < 0 && errno == ECHILD)
            return;
        if (clock_us() > deadline)
            fail("the prepared compiler can't be killed");
        /* Short waits: a signal may have come, and been consumed, before. */
        struct timespec pause = {.tv_nsec = KILL_AGAIN_NS};
        (void)sigtimedwait(&child_signal, NULL, &pause);
    }
}

void prepared_discard(void)
{
    if (state == NONE)
        return;
    end_everything();
    close(child.input);
    close(child.output);
    close(child.errors);
    tidy_mark(KIND_COMPILE);
    state = NONE;
}
