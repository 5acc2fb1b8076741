/*
 * Class: signals, processes
 * Attacks: the agent's account of who is alive: processes that are born and killed as fast as it
 *   goes, by each other, by groups and sessions, for as long as they may.
 * Invariant: the agent keeps up; all of them end.
 * Allowed: time_limit/wall time_limit/cpu
 * Request: {"limits": {"wall_ms": 1500}}
 * Prints: storm\n
 */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

int main(void)
{
    write(1, "storm\n", 6);
    setsid();
    for (unsigned i = 0;; i++) {
        pid_t child = fork();
        if (child == 0) {
            if (i % 3 == 0)
                setpgid(0, 0);
            if (i % 5 == 0 && fork() == 0)
                for (;;)
                    kill(getppid(), SIGKILL);
            continue;
        }
        if (child > 0 && i % 2 == 0) {
            kill(child, SIGKILL);
            kill(child, SIGCONT);
        }
        if (i % 64 == 63)
            signal(SIGCHLD, i % 128 == 63 ? SIG_IGN : SIG_DFL);
    }
}
