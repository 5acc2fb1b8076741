/*
 * Class: compile
 * Attacks: files outside the compile's folder, by the compiler options that name a file to write.
 * Invariant: a compiler writes with the compile uid's rights, to /build, /tmp and /dev/shm alone.
 * Allowed: compile_error
 * Request: [{"compile_args": ["-MMD", "-MF", "/etc/ld.so.preload"]},
 *   {"compile_args": ["-MMD", "-MF", "/work/planted"]},
 *   {"compile_args": ["-MMD", "-MF", "/proc/1/fd/1"]},
 *   {"compile_args": ["-Wl,-Map=/sandbox/agent"]}]
 */
int main(void) {}
