/*
 * Class: memory, kernel, processes
 * Attacks: the kernel's memory, through its description of one's own: tens of thousands of mappings in
 *   each of many processes, none of them with a page behind it.
 * Invariant: what the kernel keeps for a program is within the program's memory limit.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 48}, "timeout": 10000}
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    enum { PAGES = 120000 };
    for (int i = 0; i < 5; i++)
        fork();
    for (;;) {
        char *land = mmap(NULL, PAGES * 4096l, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (land == MAP_FAILED)
            usleep(1000);
        else
            for (long page = 0; page < PAGES; page += 2)
                mprotect(land + page * 4096, 4096, PROT_READ);
    }
}
