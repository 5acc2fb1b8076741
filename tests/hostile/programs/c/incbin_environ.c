/*
 * Class: compile, proc
 * Attacks: the agent's environment, put into the program by the assembler.
 * Invariant: no program can read the agent; an assembler is a program.
 * Allowed: compile_error
 * Says: /proc/1/environ
 */
__asm__(".incbin \"/proc/1/environ\"");
int main(void) {}
