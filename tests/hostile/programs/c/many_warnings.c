/*
 * Class: compile, output
 * Attacks: the answer's size, by messages: one line that is wrong in a hundred ways, included by
 *   itself a hundred times, with every column told.
 * Invariant: what a compiler says is capped as what a program prints.
 * Allowed: compile_error/output
 * Request: {"compile_args": ["-Wall", "-Wextra", "-fmax-errors=0"]}
 * Says: undeclared
 */
#define TEN(x) x x x x x x x x x x
#define AGAIN(n) f##n(u##n, 08, "" + {}, 1 / 0, 'abcde');
void f(void) { TEN(TEN(TEN(AGAIN(__COUNTER__)))) }
