/*
 * Class: cpu, processes
 * Attacks: the CPU limit, by sharing the work out: the program itself sleeps; its descendants, each
 *   an orphan in a session of its own, burn a little, and are gone before anybody has counted them.
 * Invariant: the CPU limit is the whole tree's, the dead included.
 * Allowed: time_limit/cpu
 * Request: {"limits": {"cpu_ms": 600, "wall_ms": 20000}}
 */
#include <time.h>
#include <unistd.h>

static void burn(void)
{
    while (clock() < CLOCKS_PER_SEC / 50)
        ;
}

/* A chain: each burns, leaves a successor behind, and ends. */
static void chain(void)
{
    setsid();
    for (;;) {
        burn();
        if (fork() != 0)
            _exit(0);
    }
}

int main(void)
{
    for (int i = 0; i < 4; i++)
        if (fork() == 0)
            chain();
    for (;;)
        pause();
}
