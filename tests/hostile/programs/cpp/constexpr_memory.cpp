/*
 * Class: compile, memory
 * Attacks: the compiler's memory: an array of 256 million numbers, made while compiling.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 * Request: {"compile_args": ["-fconstexpr-loop-limit=2147483647",
 *   "-fconstexpr-ops-limit=9223372036854775807"]}
 * Slow: the compiler works until its limits.
 */
template <int N> struct Numbers {
    int values[N];
    constexpr Numbers() : values() { for (int i = 0; i < N; i++) values[i] = i; }
};
constexpr Numbers<1 << 28> numbers;
int main() { return numbers.values[1 << 27]; }
