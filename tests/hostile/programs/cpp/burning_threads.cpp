/*
 * Class: cpu
 * Attacks: the CPU limit with threads, as many as there may be, each at full speed.
 * Invariant: the CPU limit is the sum of all threads'.
 * Allowed: time_limit/cpu
 * Request: {"compile_args": ["-pthread"], "limits": {"cpu_ms": 600, "wall_ms": 20000}}
 */
#include <atomic>
#include <system_error>
#include <thread>

static std::atomic<unsigned long> sum;

static void burn()
{
    for (;;)
        sum++;
}

int main()
{
    try {
        for (;;)
            std::thread(burn).detach();
    } catch (const std::system_error &) {
        burn();
    }
}
