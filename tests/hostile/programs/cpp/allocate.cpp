/*
 * Class: memory
 * Attacks: the memory limit through the library: containers that grow, and `bad_alloc` caught and
 *   answered by trying again.
 * Invariant: memory is limited; a refusal that is caught does not make it unlimited.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 64}, "timeout": 10000}
 */
#include <map>
#include <new>
#include <string>
#include <vector>

int main()
{
    std::vector<std::string> strings;
    std::map<std::string, std::vector<long>> index;
    for (long i = 0;; i++)
        try {
            strings.emplace_back(1 << (i % 20), 'x');
            index[strings.back()].assign(1000, i);
            new char[1l << 40];
        } catch (const std::bad_alloc &) {
            continue;
        }
}
