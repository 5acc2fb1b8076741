/*
 * Class: memory, kernel
 * Attacks: the kernel's memory, through small objects without a limit of their own: millions of file
 *   locks, on every second byte of a hundred files.
 * Invariant: what the kernel keeps for a program is within the program's memory limit.
 * Allowed: memory_limit/memory time_limit/cpu time_limit/wall
 * Request: {"limits": {"memory_mb": 32}, "timeout": 3000}
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>

enum { FILES = 100 };

int main(void)
{
    int files[FILES];
    for (int i = 0; i < FILES; i++)
        files[i] = memfd_create("locked", 0);
    for (long at = 0;; at += 2)
        for (int i = 0; i < FILES; i++) {
            struct flock lock = {.l_type = F_WRLCK, .l_start = at, .l_len = 1};
            if (fcntl(files[i], F_SETLK, &lock) != 0 && at == 0) {
                puts("BROKEN: no locks at all");
                return 1;
            }
        }
}
