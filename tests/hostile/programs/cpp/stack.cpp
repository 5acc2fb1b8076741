/*
 * Class: memory, limits
 * Attacks: the stack: recursion without end, each level with more on the stack than the last, after
 *   the own limit has been asked away.
 * Invariant: the stack is limited; its end is the program's end.
 * Allowed: runtime_error/signal memory_limit/memory
 * Request: {"limits": {"memory_mb": 128}}
 * Prints: down\n
 */
#include <alloca.h>
#include <cstring>
#include <sys/resource.h>
#include <unistd.h>

__attribute__((noinline)) static long down(long level)
{
    char *room = static_cast<char *>(alloca(level % 4096 + 16));
    std::memset(room, static_cast<int>(level), level % 4096 + 16);
    return down(level + 1) + room[level % 16];
}

int main()
{
    rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_STACK, &none);
    if (write(1, "down\n", 5) != 5)
        return 1;
    return static_cast<int>(down(1));
}
