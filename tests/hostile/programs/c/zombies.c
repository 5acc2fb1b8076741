/*
 * Class: processes, leftovers
 * Attacks: the table of processes, with the dead: children that nobody reaps, and a hundred that are
 *   left to the agent to reap.
 * Invariant: the dead count until they are reaped; orphans are reaped.
 * Allowed: accepted
 * Request: {"limits": {"processes": 32}}
 * With: attack.h
 * Tries: 4
 * Hits: processes
 */
#include "attack.h"

static int leave_to_the_agent(void)
{
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0)
            _exit(0);
        _exit(0);
    }
    return middle > 0 && waitpid(middle, NULL, 0) == middle;
}

static int orphans(void)
{
    int count = 0;
    for (int patience = 0; count < 100 && patience < 3000; patience++)
        if (leave_to_the_agent())
            count++;
        else
            usleep(1000); /* it has not reaped them yet */
    return count;
}

int main(void)
{
    int count = 0;
    pid_t child;
    WORKS("100 orphans, one after the other, in room for 32", orphans() == 100);
    usleep(100 * 1000);
    while ((child = fork()) > 0)
        count++;
    if (child == 0)
        _exit(0);
    int error = errno;
    REFUSED("one more child", (errno = error, child), EAGAIN);
    WORKS("31 children and their parent", count == 31);
    for (int patience = 0; patience < 1000 && waitpid(-1, NULL, WNOHANG) > 0; patience++)
        ;
    while (waitpid(-1, NULL, 0) > 0)
        ;
    WORKS("after reaping, fork", (child = fork()) == 0 ? (_exit(0), 0) : child > 0);
    return the_end();
}
