/*
 * Class: compile
 * Attacks: the compiler's memory and time, with a device that never ends as a header.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 */
#include "/dev/zero"
int main(void) {}
