/*
 * Class: signals
 * Attacks: signals that the kernel itself sends: a child's exit signal to its parent, which can be
 *   made to be the agent; SIGIO, with another signal put in its place; timers.
 * Invariant: whatever the kernel sends on behalf of a program, the agent goes on, and all output
 *   arrives.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 30
 */
#include "attack.h"

#include <sched.h>
#include <time.h>

static const int deadly[] = {SIGALRM, SIGKILL, SIGSTOP, SIGTERM, SIGPIPE, SIGIO, SIGSEGV};
enum { DEADLY = sizeof deadly / sizeof deadly[0] };

/* A child of the agent's own, whose end is to be told by that signal. */
static int sibling(int signal)
{
    long pid = syscall(SYS_clone, CLONE_PARENT | signal, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

/* An orphan, left to the agent with that exit signal. */
static int orphan(int signal)
{
    pid_t middle = fork();
    if (middle == 0) {
        if (syscall(SYS_clone, signal, 0, 0, 0, 0) == 0) {
            while (getppid() != 1)
                usleep(1000);
            _exit(0);
        }
        _exit(0);
    }
    return waitpid(middle, NULL, 0) == middle;
}

/* Input on a pipe is to be told to the agent by that signal. */
static int sigio(int signal)
{
    int ends[2];
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETOWN, 1) != 0 || fcntl(ends[0], F_SETSIG, signal) != 0)
        return 0;
    if (fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0 || write(ends[1], "x", 1) != 1)
        return 0;
    close(ends[0]);
    close(ends[1]);
    return 1;
}

/* The same with the pipe that the agent itself reads. */
static int sigio_on_stdout(int signal)
{
    struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = 1};
    return fcntl(1, F_SETOWN_EX, &owner) == 0 && fcntl(1, F_SETSIG, signal) == 0 &&
           fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_ASYNC) == 0;
}

static int reaches_own_child(void)
{
    int ends[2], status = 0;
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETOWN, child) != 0 ||
        fcntl(ends[0], F_SETSIG, SIGALRM) != 0 || fcntl(ends[0], F_SETFL, O_ASYNC) != 0 ||
        write(ends[1], "x", 1) != 1)
        return 0;
    return waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGALRM;
}

int main(void)
{
    char what[64];
    for (int i = 0; i < DEADLY; i++) {
        snprintf(what, sizeof what, "sibling with exit signal %d", deadly[i]);
        WORKS(what, sibling(deadly[i]));
        snprintf(what, sizeof what, "orphan with exit signal %d", deadly[i]);
        WORKS(what, orphan(deadly[i]));
        snprintf(what, sizeof what, "F_SETOWN 1, F_SETSIG %d", deadly[i]);
        WORKS(what, sigio(deadly[i]));
        snprintf(what, sizeof what, "F_SETOWN 1, F_SETSIG %d on stdout", deadly[i]);
        WORKS(what, sigio_on_stdout(deadly[i]));
    }
    WORKS("F_SETOWN of one's own child", reaches_own_child());
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
    event._sigev_un._tid = 1;
    REFUSED("a timer of the agent's", timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    usleep(200 * 1000); /* so that what is to come, comes */
    return the_end();
}
