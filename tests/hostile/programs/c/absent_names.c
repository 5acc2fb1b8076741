/*
 * Class: kernel, memory
 * Attacks: the kernel's memory of what is not there: it keeps each name that was looked for in vain,
 *   and millions are looked for, below every folder of the image.
 * Invariant: what the kernel keeps for a program is within the program's memory limit, and given up
 *   before anybody else misses it.
 * Allowed: time_limit/cpu time_limit/wall memory_limit/memory
 * Request: {"limits": {"memory_mb": 32, "wall_ms": 2500}}
 * Prints: looking\n
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    static const char *const folders[] = {"/usr/lib", "/usr/bin", "/etc", "/sys", "/dev", "/proc/self", "/build"};
    char path[512];
    write(1, "looking\n", 8);
    fork();
    for (unsigned long number = (unsigned long)getpid() << 32;; number++) {
        snprintf(path, sizeof path, "%s/%0200lx", folders[number % 7], number);
        if (access(path, F_OK) == 0)
            return 1;
    }
}
