/*
 * Class: compile
 * Attacks: the compiler's memory and time: a billion tokens from five lines.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error/cpu compile_error/wall compile_error/memory
 */
#define A(x) x x x x x x x x x x
#define B(x) A(A(A(x)))
int main(void) { return 0 B(B(B(+1))); }
