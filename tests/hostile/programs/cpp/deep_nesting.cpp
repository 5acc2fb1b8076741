/*
 * Class: compile
 * Attacks: the compiler's stack: a hundred thousand brackets in each other.
 * Invariant: a compiler that dies is a compile that failed, and nothing else.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 * Slow: the compiler works until its limits.
 */
#define A(x) ((((((((((x))))))))))
#define B(x) A(A(A(A(A(A(A(A(A(A(x))))))))))
#define C(x) B(B(B(B(B(B(B(B(B(B(x))))))))))
#define D(x) C(C(C(C(C(C(C(C(C(C(x))))))))))
#define E(x) D(D(D(D(D(D(D(D(D(D(x))))))))))
int main() { return E(E(0)); }
