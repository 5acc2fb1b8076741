/*
 * Class: signals
 * Attacks: everything at once, kill(-1, ...), which spares only whom the sender may not signal.
 * Invariant: the agent is out of reach; what the program killed is its own.
 * Allowed: accepted
 * Request: {"timeout": 20000}
 * With: attack.h
 * Tries: 4
 */
#include "attack.h"

static int ends_by(int signal)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        setsid();
        for (;;)
            pause();
    }
    if (kill(-1, signal) != 0 || waitpid(child, &status, 0) != child)
        return 0;
    return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

int main(void)
{
    WORKS("kill(-1, SIGTERM) ends the child", ends_by(SIGTERM));
    WORKS("kill(-1, SIGALRM) ends the child", ends_by(SIGALRM));
    WORKS("kill(-1, SIGKILL) ends the child", ends_by(SIGKILL));
    for (int signal = 1; signal <= 64; signal++)
        kill(-1, signal);
    REFUSED("with no child left, kill(-1) finds nobody", kill(-1, SIGKILL), ESRCH, EPERM);
    return the_end();
}
