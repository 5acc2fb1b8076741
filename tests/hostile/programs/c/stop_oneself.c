/*
 * Class: signals
 * Attacks: the wait for the end: the program stops itself, and its whole group and session.
 * Invariant: a stopped program meets its limit as a running one does.
 * Allowed: time_limit/wall
 * Request: {"limits": {"wall_ms": 800}}
 * Prints: stopping\n
 */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    write(1, "stopping\n", 9);
    for (;;) {
        if (fork() == 0)
            raise(SIGSTOP);
        kill(0, SIGSTOP);
        kill(-1, SIGSTOP);
        raise(SIGSTOP);
    }
}
