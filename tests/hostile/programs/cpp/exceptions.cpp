/*
 * Class: memory, cpu
 * Attacks: the memory and time of the language's own machinery: exceptions that are thrown while
 *   others are handled, each holding the one before.
 * Invariant: what a runtime keeps is the program's, and limited.
 * Allowed: memory_limit/memory runtime_error/signal time_limit/cpu
 * Request: {"limits": {"memory_mb": 64, "cpu_ms": 1500, "wall_ms": 20000}}
 */
#include <exception>
#include <stdexcept>
#include <string>

static void throw_on(const std::string &text)
{
    try {
        throw std::runtime_error(text);
    } catch (const std::exception &) {
        try {
            throw_on(text + text.substr(0, 100));
        } catch (...) {
            std::throw_with_nested(std::logic_error(text));
        }
    }
}

int main()
{
    throw_on(std::string(100, 'x'));
}
