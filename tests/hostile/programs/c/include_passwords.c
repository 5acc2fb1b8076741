/*
 * Class: compile
 * Attacks: a file that only root may read, whose text would be in the messages.
 * Invariant: a compiler reads with the compile uid's rights.
 * Allowed: compile_error
 * Says: denied
 */
#include "/etc/shadow"
int main(void) {}
