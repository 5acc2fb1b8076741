/*
 * Class: compile
 * Attacks: the compiler's time, with a loop it has to run itself, and the compiler's own limits for
 *   that switched off.
 * Invariant: a compile has limits that no compiler option reaches.
 * Allowed: compile_error/cpu compile_error/wall compile_error/memory
 * Request: {"compile_args": ["-fconstexpr-loop-limit=2147483647",
 *   "-fconstexpr-ops-limit=9223372036854775807"]}
 */
constexpr int loop() { int i = 0; while (true) i ^= 1; return i; }
constexpr int never = loop();
int main() {}
