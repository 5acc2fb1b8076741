/*
 * Class: compile, proc
 * Attacks: the agent's memory as a header.
 * Invariant: no program can read the agent; a compiler is a program.
 * Allowed: compile_error
 * Says: denied
 */
#include "/proc/1/mem"
int main(void) {}
