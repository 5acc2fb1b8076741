/*
 * Class: memory, kernel
 * Attacks: the machine's memory, through what Linux charges to nobody: file locks, on every second byte
 *   of hundreds of files, until they are more than the program's memory limit.
 * Invariant: what the kernel keeps for a program is within the program's memory limit, or refused.
 * Allowed: accepted
 * Request: {"limits": {"memory_mb": 32}, "timeout": 20000}
 * With: attack.h
 * Tries: 1
 * Bites: more locks
 */
#include "attack.h"

#include <sys/mman.h>

enum { PROCESSES = 8, FILES = 240, LOCK_BYTES = 192, LIMIT = 32 << 20 };

/* One process's share of what is too much; false when one was refused. */
static int lock_share(void)
{
    int files[FILES];
    long count = 0;
    for (int i = 0; i < FILES; i++)
        files[i] = memfd_create("locked", MFD_CLOEXEC);
    for (long at = 0; count * LOCK_BYTES <= LIMIT / PROCESSES; at += 2)
        for (int i = 0; i < FILES; i++, count++) {
            struct flock lock = {.l_type = F_WRLCK, .l_start = at, .l_len = 1};
            if (fcntl(files[i], F_SETLK, &lock) != 0)
                return 0;
        }
    return 1;
}

/* -1 when they were refused; else how many megabytes of locks are held at once. */
static long lock_on(void)
{
    int ends[2], error;
    if (pipe(ends) != 0)
        return 0;
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            error = lock_share() ? 0 : errno;
            if (write(ends[1], &error, sizeof error) > 0)
                pause();
            _exit(1);
        }
    for (int i = 0; i < PROCESSES; i++)
        if (read(ends[0], &error, sizeof error) < 0 || error != 0)
            return errno = error, -1;
    return LIMIT >> 20;
}

int main(void)
{
    REFUSED("more locks", lock_on(), ENOLCK, EPERM, ENOMEM);
    return the_end();
}
