/*
 * Class: compile, memory
 * Attacks: the compiler's memory, as fast as it can be had: a pack of 2 billion arguments, which the
 *   compiler's own built-in makes.
 * Invariant: a compile has limits as a run has; out of memory, the agent lives to tell.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 */
#include <utility>
template <std::size_t... N> constexpr std::size_t count(std::index_sequence<N...>) { return sizeof...(N) + (N + ...); }
int main() { return count(std::make_index_sequence<(1u << 31) - 1>()) != 0; }
