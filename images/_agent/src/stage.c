/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "channel.h"
#include "child.h"
#include "clock.h"
#include "feed.h"
#include "files.h"
#include "outputs.h"
#include "prepared.h"
#include "tidy.h"
#include "usage.h"
#include "wall.h"
#include "watch.h"

enum {
    TICK_US = 10 * 1000,
    KILL_AGAIN_US = 2 * 1000,
    KILL_TIMEOUT_US = 5 * 1000 * 1000,
};

enum state { IDLE, RUNNING, KILLING, DRAINING };

static enum state state;
static struct stage_request request; /* its strings stay until the next one comes */
static struct identities owners;
static bool by_prepared; /* the program is the prepared compiler */
static struct exit_report report;
static pid_t program;
static uint64_t cpu_limit_us; /* 0: none */
static uint64_t next_us;      /* when stage_advance() has something to do */
static uint64_t kill_deadline_us;
static bool unkillable; /* something is left that does not die */

bool stage_active(void)
{
    return state != IDLE;
}

static int spawn(struct child *child)
{
    bool run = request.kind == KIND_RUN;
    return child_spawn(&request.command, run ? WORK_FOLDER : BUILD_FOLDER,
                       run ? owners.run : owners.compile, owners.agent, child);
}

/* The program could not be executed: say why on its stderr, as a shell would. */
static void report_unexecutable(int error)
{
    uint8_t *text = channel_output_space(1024);
    int length = snprintf((char *)text, 1024, "cannot execute '%.512s': %s\n",
                          request.command.argv[0], strerror(error));
    size_t size = length > 0 ? (size_t)length : 0;
    if (size > request.stderr_limit)
        size = request.stderr_limit;
    if (size > 0)
        channel_output(FRAME_STDERR, size);
    report.code = error == ENOENT ? 127 : 126;
    channel_exit(&report);
    state = IDLE;
}

static void schedule_look(void)
{
    next_us = wall_at_most(clock_us() + TICK_US);
}

/* A program has been started: from here on it is looked after. */
static void follow(const struct child *child)
{
    program = child->pid;
    schedule_look();
    outputs_open(child, request.stdout_limit, request.stderr_limit);
    feed_open(child->input);
    watch_begin(request.kind, program);
    wall_follow(program);
    state = RUNNING;
}

void stage_begin(const struct stage_request *wanted, const struct identities *ids)
{
    struct child child;
    request = *wanted;
    owners = *ids;
    by_prepared = request.by_prepared && prepared_take(&child);
    if (!by_prepared)
        prepared_discard();
    tidy(ids);
    tidy_mark(request.kind);
    report = (struct exit_report){0};
    usage_begin();
    wall_begin(request.wall_ms, request.wall_most_ms);
    int error = by_prepared ? 0 : spawn(&child);
    if (error != 0) {
        report_unexecutable(error);
        return;
    }
    channel_started(by_prepared);
    cpu_limit_us = (uint64_t)request.cpu_ms * 1000;
    follow(&child);
    if (by_prepared)
        feed_arguments(&request.command);
    else if (request.by_prepared)
        feed_nothing();
}

/* Samples everything, and says which limit is reached, if any. */
static enum cause look(void)
{
    uint64_t cpu_us = usage_sample();
    report.limits |= watch_look();
    if (cpu_limit_us != 0 && cpu_us >= cpu_limit_us)
        return CAUSE_CPU;
    return wall_reached(cpu_us) ? CAUSE_WALL : CAUSE_NONE;
}

/* The program itself ended, or has to: everything that is left is to end. */
static void end(enum cause cause)
{
    if (report.cause == CAUSE_NONE)
        report.cause = cause;
    if (state != RUNNING)
        return;
    feed_close();
    state = KILLING;
    next_us = clock_us();
    kill_deadline_us = next_us + KILL_TIMEOUT_US;
    kill(-1, SIGKILL);
}

void stage_kill(void)
{
    if (state == RUNNING)
        end(CAUSE_KILLED);
    by_prepared = false; /* and there is no second try */
}

void stage_signal(int number)
{
    /* Until it is reaped, here and nowhere else, its pid and group are nobody's but its own. */
    if (state == RUNNING && !request.by_prepared)
        kill(-program, number);
}

void stage_read(unsigned stream)
{
    unsigned truncated = outputs_read(stream, false);
    report.truncated |= truncated;
    if (truncated != 0)
        end(CAUSE_OUTPUT);
}

/* The program's own end; what it left behind does not count any more. */
static void program_ended(int status)
{
    report.wall_us = wall_us();
    report.given_back_us = wall_given_back_us();
    report.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    report.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    program = 0;
    end(state == RUNNING ? look() : CAUSE_NONE);
    watch_end();
    wall_unfollow();
}

/* Reaps one process; false if none has ended, with errno ECHILD if none is left. */
static bool reap_one(void)
{
    int status;
    struct rusage rusage;
    pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &rusage);
    if (pid <= 0) {
        errno = pid == 0 ? 0 : errno;
        return false;
    }
    usage_reaped(&rusage);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
        report.limits |= HIT_FILE_SIZE;
    if (pid == program)
        program_ended(status);
    prepared_reaped(pid);
    return true;
}

void stage_reap(void)
{
    while (reap_one())
        continue;
}

/*
 * A prepared compiler that ends by itself with anything but 0 or 1, and has
 * said nothing, declines: the command is to be executed as if it had not been.
 */
static bool has_declined(void)
{
    return by_prepared && report.cause == CAUSE_NONE && (report.signal != 0 || report.code > 1) &&
           outputs_silent();
}

/* Nothing is left of the first try but the time it took. */
static void try_plainly(void)
{
    struct child child;
    by_prepared = false;
    outputs_close();
    tidy(&owners);
    tidy_mark(request.kind);
    report = (struct exit_report){0};
    usage_again();
    int error = spawn(&child);
    if (error != 0) {
        report_unexecutable(error);
        return;
    }
    follow(&child);
    feed_nothing();
}

/* What the stage came to is told all the same; then it is the end of the sandbox. */
static void give_up_killing(void)
{
    unkillable = true;
    if (program != 0) {
        report.wall_us = wall_us();
        report.code = -1;
        report.signal = SIGKILL;
    }
    usage_end();
    state = DRAINING;
}

/* Kills again what may have been missed; goes on when nothing is left. */
static void advance_killing(void)
{
    kill(-1, SIGKILL);
    stage_reap();
    if (errno == ECHILD) {
        if (has_declined()) {
            try_plainly();
            return;
        }
        usage_end();
        state = DRAINING;
        return;
    }
    if (clock_us() >= kill_deadline_us)
        give_up_killing();
    else
        next_us = clock_us() + KILL_AGAIN_US;
}

/* Passes on what is in the pipes, as far as the channel takes it. */
static void advance_draining(void)
{
    if (!outputs_drain(&report.truncated))
        return; /* the loop calls again when there is room */
    if (report.truncated != 0)
        end(CAUSE_OUTPUT);
    if (usage_forks_refused())
        report.limits |= HIT_PROCESSES;
    report.cpu_us = usage_cpu_us();
    report.memory_kb = usage_memory_kb();
    report.oom_kills = usage_oom_kills();
    channel_exit(&report);
    if (unkillable)
        fail("processes can't be killed");
    state = IDLE;
}

static void advance_running(void)
{
    enum cause cause = look();
    channel_release();
    schedule_look();
    if (cause != CAUSE_NONE)
        end(cause);
}

uint64_t stage_advance(void)
{
    if (state == RUNNING && clock_us() >= next_us)
        advance_running();
    if (state == KILLING && clock_us() >= next_us)
        advance_killing();
    if (state == DRAINING)
        advance_draining();
    return state == RUNNING || state == KILLING ? next_us : UINT64_MAX;
}
