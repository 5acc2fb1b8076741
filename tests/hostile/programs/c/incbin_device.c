/*
 * Class: compile, disk, memory
 * Attacks: the assembler's memory and the compile's folder, by a device that never ends, and by
 *   a few lines that say to repeat nothing for ever.
 * Invariant: a compile has limits as a run has.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 */
__asm__(".section .rodata\n.rept 1 << 40\n.fill 1 << 16, 8, 1\n.endr\n.incbin \"/dev/zero\"\n.text");
int main(void) {}
