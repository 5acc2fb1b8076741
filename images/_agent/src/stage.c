#include "stage.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "child.h"
#include "clock.h"
#include "feed.h"
#include "files.h"
#include "tidy.h"
#include "usage.h"
#include "watch.h"

enum {
    TICK_US = 10 * 1000,
    KILL_AGAIN_US = 2 * 1000,
    KILL_TIMEOUT_US = 5 * 1000 * 1000,
};

enum state { IDLE, RUNNING, KILLING, DRAINING };

/* What a program writes to one descriptor. */
struct stream {
    int fd; /* -1: at its end */
    enum frame_type type;
    enum truncated bit;
    uint32_t left; /* bytes that may still be passed on */
};

static enum state state;
static struct stream streams[STREAMS];
static struct exit_report report;
static pid_t program;
static uint64_t wall_limit_us, cpu_limit_us; /* 0: none */
static uint64_t started_us;                  /* when the program was executed */
static uint64_t next_us;                     /* when stage_advance() has something to do */
static uint64_t kill_deadline_us;

bool stage_active(void)
{
    return state != IDLE;
}

static void open_stream(unsigned i, int fd, enum frame_type type, enum truncated bit,
                        uint32_t limit)
{
    streams[i] = (struct stream){.fd = fd, .type = type, .bit = bit, .left = limit};
}

static void close_stream(struct stream *stream)
{
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

/* The program could not be executed: say why on its stderr, as a shell would. */
static void report_unexecutable(const struct stage_request *request, int error)
{
    uint8_t *text = channel_output_space(1024);
    int length = snprintf((char *)text, 1024, "cannot execute '%.512s': %s\n", request->argv[0],
                          strerror(error));
    size_t size = length > 0 ? (size_t)length : 0;
    if (size > request->stderr_limit)
        size = request->stderr_limit;
    if (size > 0)
        channel_output(FRAME_STDERR, size);
    report.code = error == ENOENT ? 127 : 126;
    channel_exit(&report);
}

void stage_begin(const struct stage_request *request, const struct identities *ids)
{
    bool run = request->kind == KIND_RUN;
    struct child child;
    tidy(ids);
    tidy_mark(request->kind);
    report = (struct exit_report){0};
    usage_begin();
    int error = child_spawn(request, run ? WORK_FOLDER : BUILD_FOLDER,
                            run ? ids->run : ids->compile, ids->agent, &child);
    if (error != 0) {
        report_unexecutable(request, error);
        return;
    }
    channel_started();
    started_us = clock_us();
    next_us = started_us;
    wall_limit_us = (uint64_t)request->wall_ms * 1000;
    cpu_limit_us = (uint64_t)request->cpu_ms * 1000;
    program = child.pid;
    open_stream(0, child.output, FRAME_STDOUT, TRUNCATED_STDOUT, request->stdout_limit);
    open_stream(1, child.errors, FRAME_STDERR, TRUNCATED_STDERR, request->stderr_limit);
    feed_open(child.input);
    watch_begin(request->kind, program);
    state = RUNNING;
}

/* Samples everything, and says which limit is reached, if any. */
static enum cause look(void)
{
    uint64_t cpu_us = usage_sample();
    report.limits |= watch_look();
    if (cpu_limit_us != 0 && cpu_us >= cpu_limit_us)
        return CAUSE_CPU;
    if (wall_limit_us != 0 && clock_us() - started_us >= wall_limit_us)
        return CAUSE_WALL;
    return CAUSE_NONE;
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
}

void stage_poll(int fds[STREAMS])
{
    bool readable = state != IDLE && channel_room() > 0;
    for (unsigned i = 0; i < STREAMS; i++)
        fds[i] = readable ? streams[i].fd : -1;
}

void stage_read(unsigned i)
{
    struct stream *stream = &streams[i];
    size_t room = channel_room();
    if (state == IDLE || stream->fd < 0 || room == 0)
        return;
    /* One byte more than allowed shows that there is more. */
    size_t wanted = stream->left < room ? (size_t)stream->left + 1 : room;
    ssize_t size = read(stream->fd, channel_output_space(wanted), wanted);
    if (size < 0 && (errno == EINTR || (errno == EAGAIN && state != DRAINING)))
        return;
    if (size <= 0) {
        /* When all are dead, an empty pipe stays empty, whoever holds its end. */
        close_stream(stream);
        return;
    }
    bool beyond = (size_t)size > stream->left;
    size_t passed = beyond ? stream->left : (size_t)size;
    stream->left -= (uint32_t)passed;
    if (passed > 0)
        channel_output(stream->type, passed);
    if (beyond) {
        report.truncated |= stream->bit;
        close_stream(stream);
        end(CAUSE_OUTPUT);
    }
}

/* The program's own end; what it left behind does not count any more. */
static void program_ended(int status)
{
    report.wall_us = clock_us() - started_us;
    report.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    report.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    program = 0;
    end(state == RUNNING ? look() : CAUSE_NONE);
    watch_end();
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
    return true;
}

void stage_reap(void)
{
    while (reap_one())
        continue;
}

/* Kills again what may have been missed; goes on when nothing is left. */
static void advance_killing(void)
{
    kill(-1, SIGKILL);
    stage_reap();
    if (errno == ECHILD) {
        usage_end();
        state = DRAINING;
        return;
    }
    if (clock_us() >= kill_deadline_us)
        fail("processes can't be killed");
    next_us = clock_us() + KILL_AGAIN_US;
}

/* Passes on what is in the pipes, as far as the channel takes it. */
static void advance_draining(void)
{
    for (unsigned i = 0; i < STREAMS; i++)
        while (streams[i].fd >= 0) {
            if (channel_room() == 0)
                channel_flush();
            if (channel_room() == 0)
                return; /* the loop calls again when there is room */
            stage_read(i);
        }
    if (usage_forks_refused())
        report.limits |= HIT_PROCESSES;
    report.cpu_us = usage_cpu_us();
    report.memory_kb = usage_memory_kb();
    report.oom_kills = usage_oom_kills();
    channel_exit(&report);
    state = IDLE;
}

static void advance_running(void)
{
    enum cause cause = look();
    if (cause != CAUSE_NONE)
        end(cause);
    uint64_t now = clock_us();
    next_us = now + TICK_US;
    if (wall_limit_us != 0 && next_us > started_us + wall_limit_us)
        next_us = started_us + wall_limit_us;
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
