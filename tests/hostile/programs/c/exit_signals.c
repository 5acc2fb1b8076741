/*
 * Class: signals
 * Attacks: signals that the kernel itself sends: a child's exit signal to its parent, which can be
 *   made to be the agent; SIGIO, with another signal put in its place; timers.
 * Invariant: whatever the kernel sends on behalf of a program, the agent goes on, and all output
 *   arrives. A child of the agent's, and files that signal, can't be had at all.
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
static long sibling(int signal)
{
    long pid = syscall(SYS_clone, CLONE_PARENT | signal, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    return pid;
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

/* Input on a descriptor is to be told to the agent by that signal. */
static long sigio(int fd, int signal)
{
    struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = 1};
    if (fcntl(fd, F_SETOWN, 1) == 0 || fcntl(fd, F_SETOWN_EX, &owner) == 0 || fcntl(fd, F_SETSIG, signal) == 0)
        return 0;
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

int main(void)
{
    char what[64];
    int ends[2];
    WORKS("a pipe", pipe(ends) == 0);
    for (int i = 0; i < DEADLY; i++) {
        snprintf(what, sizeof what, "sibling with exit signal %d", deadly[i]);
        REFUSED(what, sibling(deadly[i]), EPERM);
        snprintf(what, sizeof what, "orphan with exit signal %d", deadly[i]);
        WORKS(what, orphan(deadly[i]));
        snprintf(what, sizeof what, "F_SETOWN 1, F_SETSIG %d", deadly[i]);
        REFUSED(what, sigio(ends[0], deadly[i]), EPERM);
        snprintf(what, sizeof what, "F_SETOWN 1, F_SETSIG %d on stdout", deadly[i]);
        REFUSED(what, sigio(STDOUT_FILENO, deadly[i]), EPERM);
    }
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
    event._sigev_un._tid = 1;
    REFUSED("a timer of the agent's", timer_create(CLOCK_MONOTONIC, &event, &timer), EINVAL);
    usleep(200 * 1000); /* so that what is to come, comes */
    return the_end();
}
