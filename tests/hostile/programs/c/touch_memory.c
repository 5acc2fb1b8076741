/*
 * Class: memory
 * Attacks: the memory limit, with many allocations of all sizes, each page of them touched.
 * Invariant: memory is limited, and so is what the kernel keeps beside it.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 64}, "timeout": 10000}
 * Prints: hungry\n
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    write(1, "hungry\n", 7);
    for (size_t size = 1;; size = size * 5 % ((1 << 22) + 1) + 1) {
        char *block = malloc(size);
        if (block != NULL)
            memset(block, 1, size);
    }
}
