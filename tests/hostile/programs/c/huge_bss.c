/*
 * Class: compile, memory
 * Attacks: the memory limit with memory that costs the compiler nothing: 1 GB of zeros, which
 *   exists when the program touches it.
 * Invariant: a program's own data are within its memory limit.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 64}}
 */
static char zeros[1 << 30];

int main(void)
{
    for (long i = 0; i < 1 << 30; i += 4096)
        zeros[i] = 1;
    return zeros[1 << 29] == 0;
}
