/*
 * Class: compile
 * Attacks: the compiler's time, with a loop it has to run itself and that never ends.
 * Invariant: a compile comes to an end: the compiler has limits of its own for this.
 * Allowed: compile_error
 * Says: constexpr
 */
constexpr int loop() { int i = 0; while (true) i ^= 1; return i; }
constexpr int never = loop();
int main() {}
