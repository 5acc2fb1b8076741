/*
 * Class: compile, disk
 * Attacks: the compile's folder, with a program of 4 GB.
 * Invariant: what a compiler writes is within the job's limits.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 */
int a[1 << 30] = {1};
int main(void) {}
