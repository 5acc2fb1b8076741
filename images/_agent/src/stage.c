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
#include "files.h"
#include "outputs.h"
#include "prepared.h"
#include "stdin.h"
#include "tidy.h"
#include "usage.h"
#include "wall.h"
#include "watch.h"

enum {
    TICK_US = 10 * 1000,
    KILL_AGAIN_US = 2 * 1000,
    KILL_TIMEOUT_US = 5 * 1000 * 1000,
};

/* What a stage is in, and what may happen to it: `machine`, below, says what comes of it. */
enum state { IDLE, RUNNING, KILLING, DRAINING, STATES };

enum event {
    STARTED,    /* the program has been executed */
    REFUSED,    /* it can't be */
    LOOK_DUE,   /* it is time to look at the clocks */
    OVER,       /* the program has ended, or has to */
    NONE_LEFT,  /* no process is left */
    UNKILLABLE, /* one is left, and does not die */
    DRAINED,    /* all that it printed has been passed on */
    EVENTS
};

static enum state state;
static struct stage_request request; /* its strings stay until the next one comes */
static struct identities owners;
static struct child child; /* as it was started */
static int exec_error;     /* why it was not */
static bool by_prepared;   /* the program is the prepared compiler */
static struct exit_report report;
static pid_t program;
static uint64_t cpu_limit_us; /* 0: none */
static uint64_t next_us;      /* when stage_advance() has something to do */
static uint64_t kill_deadline_us;
static bool unkillable; /* something is left that does not die */

static void happens(enum event event);

bool stage_active(void)
{
    return state != IDLE;
}

static void spawn(void)
{
    bool run = request.kind == KIND_RUN;
    exec_error = child_spawn(&request.command, run ? WORK_FOLDER : BUILD_FOLDER,
                             run ? owners.run : owners.compile, owners.agent, &child);
    happens(exec_error == 0 ? STARTED : REFUSED);
}

/* The program could not be executed: say why on its stderr, as a shell would. */
static void report_unexecutable(void)
{
    uint8_t *text = channel_output_space(1024);
    int length = snprintf((char *)text, 1024, "cannot execute '%.512s': %s\n",
                          request.command.argv[0], strerror(exec_error));
    size_t size = length > 0 ? (size_t)length : 0;
    if (size > request.stderr_limit)
        size = request.stderr_limit;
    if (size > 0)
        channel_output(FRAME_STDERR, size);
    report.code = exec_error == ENOENT ? 127 : 126;
    channel_exit(&report);
}

static void schedule_look(void)
{
    next_us = wall_at_most(clock_us() + TICK_US);
}

/* A program is there: from here on it is looked after. */
static void follow(void)
{
    program = child.pid;
    schedule_look();
    outputs_open(&child, request.stdout_limit, request.stderr_limit);
    stdin_open(child.input);
    watch_begin(request.kind, program);
    wall_follow(program);
    if (by_prepared)
        stdin_arguments(&request.command);
    else if (request.by_prepared)
        stdin_nothing();
}

static void start(void)
{
    channel_started(by_prepared);
    follow();
}

void stage_begin(const struct stage_request *wanted, const struct identities *ids)
{
    request = *wanted;
    owners = *ids;
    by_prepared = request.by_prepared && prepared_take(&child);
    if (!by_prepared)
        prepared_discard();
    tidy(ids);
    tidy_mark(request.kind);
    report = (struct exit_report){0};
    cpu_limit_us = (uint64_t)request.cpu_ms * 1000;
    usage_begin();
    wall_begin(request.wall_ms, request.wall_most_ms);
    if (by_prepared)
        happens(STARTED);
    else
        spawn();
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

/* Everything that is left is to end. */
static void begin_killing(void)
{
    stdin_close();
    next_us = clock_us();
    kill_deadline_us = next_us + KILL_TIMEOUT_US;
    kill(-1, SIGKILL);
}

/* The program itself ended, or has to: the first cause there is counts. */
static void end(enum cause cause)
{
    if (report.cause == CAUSE_NONE)
        report.cause = cause;
    happens(OVER);
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
    by_prepared = false;
    outputs_close();
    tidy(&owners);
    tidy_mark(request.kind);
    report = (struct exit_report){0};
    usage_again();
    spawn();
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
}

/* Kills again what may have been missed; goes on when nothing is left. */
static void kill_again(void)
{
    kill(-1, SIGKILL);
    stage_reap();
    if (errno == ECHILD && has_declined())
        try_plainly();
    else if (errno == ECHILD)
        happens(NONE_LEFT);
    else if (clock_us() >= kill_deadline_us)
        happens(UNKILLABLE);
    else
        next_us = clock_us() + KILL_AGAIN_US;
}

/* Passes on what is in the pipes, as far as the channel takes it. */
static void drain(void)
{
    if (!outputs_drain(&report.truncated))
        return; /* the loop calls again when there is room */
    if (report.truncated != 0)
        end(CAUSE_OUTPUT);
    happens(DRAINED);
}

static void report_exit(void)
{
    if (usage_forks_refused())
        report.limits |= HIT_PROCESSES;
    report.cpu_us = usage_cpu_us();
    report.memory_kb = usage_memory_kb();
    report.oom_kills = usage_oom_kills();
    channel_exit(&report);
    if (unkillable)
        fail("processes can't be killed");
}

static void look_at_limits(void)
{
    enum cause cause = look();
    channel_release();
    schedule_look();
    if (cause != CAUSE_NONE)
        end(cause);
}

/* A second try, of a command that the prepared compiler declined, starts where the first has ended. */
static const struct {
    void (*act)(void); /* NULL: the event changes nothing in this state */
    enum state next;   /* as it is while act() runs, which may have more happen */
} machine[STATES][EVENTS] = {
    [IDLE] =
        {
            [STARTED] = {start, RUNNING},
            [REFUSED] = {report_unexecutable, IDLE},
        },
    [RUNNING] =
        {
            [LOOK_DUE] = {look_at_limits, RUNNING},
            [OVER] = {begin_killing, KILLING},
        },
    [KILLING] =
        {
            [LOOK_DUE] = {kill_again, KILLING},
            [NONE_LEFT] = {usage_end, DRAINING},
            [UNKILLABLE] = {give_up_killing, DRAINING},
            [STARTED] = {follow, RUNNING},
            [REFUSED] = {report_unexecutable, IDLE},
        },
    [DRAINING] =
        {
            [LOOK_DUE] = {drain, DRAINING},
            [DRAINED] = {report_exit, IDLE},
        },
};

static void happens(enum event event)
{
    enum state before = state;
    if (machine[before][event].act == NULL)
        return;
    state = machine[before][event].next;
    machine[before][event].act();
}

uint64_t stage_advance(void)
{
    if ((state == RUNNING || state == KILLING) && clock_us() >= next_us)
        happens(LOOK_DUE);
    if (state == DRAINING)
        happens(LOOK_DUE);
    return state == RUNNING || state == KILLING ? next_us : UINT64_MAX;
}
