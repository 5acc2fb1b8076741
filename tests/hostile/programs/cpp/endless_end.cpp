/*
 * Class: cpu, leftovers
 * Attacks: the program's end, which never comes: a destructor that waits, handlers at exit that
 *   register themselves anew, for ever.
 * Invariant: a program that has said it ends is still within its limits.
 * Allowed: time_limit/cpu
 * Request: {"limits": {"cpu_ms": 500, "wall_ms": 20000}}
 * Prints: main ends\n
 */
#include <cstdlib>
#include <unistd.h>

static volatile long spins;

static void again()
{
    std::atexit(again);
    for (long i = 0; i < 100000; i++)
        spins = spins + 1;
}

static struct Last {
    ~Last() { std::atexit(again); }
} last;

int main()
{
    std::atexit(again);
    return write(1, "main ends\n", 10) == 10 ? 0 : 1;
}
