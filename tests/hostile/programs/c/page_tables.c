/*
 * Class: memory, kernel
 * Attacks: the kernel's memory, with none of one's own: reading one byte of each 2 MB of terabytes
 *   costs a page table each, and the page read is the one of zeros that all share.
 * Invariant: what the kernel keeps for a program is within the program's memory limit.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 64}, "timeout": 15000}
 */
#define _GNU_SOURCE
#include <sys/mman.h>

enum { TABLE = 1 << 21 };

int main(void)
{
    const unsigned long size = 1ul << 40;
    unsigned sum = 0;
    for (int i = 0; i < 8; i++) {
        volatile unsigned char *land = mmap(0, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (land == MAP_FAILED)
            return 1;
        madvise((void *)land, size, MADV_NOHUGEPAGE);
        for (unsigned long at = 0; at < size; at += TABLE)
            sum += land[at];
    }
    return sum == 0 ? 0 : 2;
}
