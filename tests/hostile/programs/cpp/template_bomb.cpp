/*
 * Class: compile
 * Attacks: the compiler's memory and time: a billion types from four lines.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error/cpu compile_error/wall compile_error/memory
 * Slow: the compiler works until its limits.
 */
template <int N, int M> struct Bomb { Bomb<N - 1, 2 * M> left; Bomb<N - 1, 2 * M + 1> right; };
template <int M> struct Bomb<0, M> {};
Bomb<30, 0> bomb;
int main() {}
