/*
 * Class: memory, limits
 * Attacks: the machine's memory, with pages that can't be taken back: mapped at once and locked, by
 *   several processes.
 * Invariant: locked memory is limited as any other.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 64}, "timeout": 10000}
 */
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

int main()
{
    for (int i = 0; i < 3; i++)
        fork();
    for (;;) {
        const size_t size = 1 << 20;
        void *block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (block == MAP_FAILED)
            continue;
        mlock(block, size); /* as far as it is allowed */
        std::memset(block, 1, size);
    }
}
