/* SPDX-License-Identifier: MIT */
/*
 * The agent: PID 1 of a sandbox. It starts a submission's programs, enforces
 * their limits and frames what they write. It is trusted, they are not.
 * Protocol: docs/reference/agent-protocol.md
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "channel.h"
#include "identity.h"
#include "loop.h"
#include "starved.h"
#include "watch.h"

/* init is spared signals without a handler: so this one has one. */
static void lifetime_over(int signal)
{
    (void)signal;
    _exit(EXIT_LIFETIME);
}

/* A whole decimal number from 1 to `most`, or the sandbox fails. */
static uint32_t parse_number(const char *text, uint32_t most)
{
    char *rest;
    errno = 0;
    unsigned long value = strtoul(text, &rest, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *rest != '\0' || value < 1 || value > most)
        fail("bad argument '%.32s'", text);
    return (uint32_t)value;
}

static struct identities parse_identities(char **arguments)
{
    const uint32_t most = INT32_MAX; /* far from -1, which means "leave as it is" */
    struct identities ids = {
        .agent = parse_number(arguments[0], most),
        .compile = parse_number(arguments[1], most),
        .run = parse_number(arguments[2], most),
    };
    if (ids.agent == ids.compile || ids.agent == ids.run || ids.compile == ids.run)
        fail("uids are not distinct");
    return ids;
}

/* Non-blocking; it also proves that a pipe of a program can't get this number. */
static void prepare_descriptor(int fd, int flags)
{
    int now = fcntl(fd, F_GETFL);
    if (now < 0 || fcntl(fd, F_SETFL, now | flags) != 0)
        fail_errno("descriptors 0, 1 and 2");
}

/*
 * What every user may open that counts against the whole host: pseudo-terminals and message
 * queues; and where crun (version 1 of cgroups) lets everybody make files that no stage's end
 * would clear away. Best effort: an engine may have none of them; the self-test looks at the last.
 */
static void lock_shared_places(void)
{
    (void)!chmod("/dev/pts/ptmx", 0);
    (void)!chmod("/dev/mqueue", 0);
    (void)!chmod("/sys/fs/cgroup", 0755);
}

static bool set_oom_score(int file, int score)
{
    char text[16];
    int size = snprintf(text, sizeof text, "%d", score);
    return pwrite(file, text, (size_t)size, 0) == size;
}

/*
 * The least inviting the kernel lets us be when memory runs out: programs may
 * lower their own score as far as this, and not further, and are larger.
 * Never the one that is not to be killed at all: then nobody might be.
 */
static void lower_oom_score(void)
{
    int allowed = 1000, refused = -1000;
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    while (allowed - refused > 1) {
        int middle = (allowed + refused) / 2;
        if (set_oom_score(file, middle))
            allowed = middle;
        else
            refused = middle;
    }
    (void)set_oom_score(file, allowed);
    close(file);
}

static void start_lifetime(unsigned seconds)
{
    struct sigaction action = {.sa_handler = lifetime_over};
    if (sigaction(SIGALRM, &action, NULL) != 0)
        fail_errno("lifetime");
    alarm(seconds);
}

/* SIGCHLD as a descriptor; a reader that went away as an error, not a signal. */
static int prepare_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    if (sigaction(SIGPIPE, &ignore, NULL) != 0 ||
        sigprocmask(SIG_SETMASK, &child_signal, NULL) != 0)
        fail_errno("signals");
    int signals = signalfd(-1, &child_signal, SFD_NONBLOCK | SFD_CLOEXEC);
    if (signals < 0)
        fail_errno("signalfd");
    return signals;
}

int main(int argc, char **argv)
{
    prepare_descriptor(STDIN_FILENO, O_NONBLOCK);
    prepare_descriptor(STDOUT_FILENO, O_NONBLOCK);
    prepare_descriptor(STDERR_FILENO, 0);
    if (argc != 5)
        fail("usage: agent AGENT_UID COMPILE_UID RUN_UID LIFETIME_SECONDS");
    /* It ends stages by killing everything it can: that must be a sandbox. */
    if (getpid() != 1)
        fail("the agent must be process 1");
    struct identities ids = parse_identities(argv + 1);
    umask(022);
    lock_shared_places();
    lower_oom_score();
    identity_drop(ids.agent);
    start_lifetime(parse_number(argv[4], INT_MAX));
    int signals = prepare_signals();
    cgroup_open();
    watch_open();
    starved_open();
    channel_ready();
    loop_run(&ids, signals);
}
