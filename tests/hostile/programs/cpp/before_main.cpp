/*
 * Class: leftovers, processes
 * Attacks: the beginning: a constructor leaves a daemon behind before main begins, main closes
 *   everything and leaves another, and a destructor a third.
 * Invariant: whenever it was started, nothing outlives the stage.
 * Allowed: accepted
 * Request: {"timeout": 60000}
 * Prints: main\n
 * Within: 30
 */
#include <signal.h>
#include <unistd.h>

static void leave_daemon()
{
    if (fork() != 0)
        return;
    setsid();
    if (fork() != 0)
        _exit(0);
    for (int number = 1; number <= 64; number++)
        signal(number, SIG_IGN);
    for (;;)
        pause();
}

static struct Everywhere {
    Everywhere() { leave_daemon(); }
    ~Everywhere() { leave_daemon(); }
} everywhere;

int main()
{
    const bool told = write(1, "main\n", 5) == 5;
    leave_daemon();
    return told ? 0 : 1;
}
