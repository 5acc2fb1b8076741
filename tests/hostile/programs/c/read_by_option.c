/*
 * Class: compile, proc
 * Attacks: files that only root or the agent may read, by the compiler options that name a file to
 *   read, whose text would be in the messages or the program.
 * Invariant: a compiler reads with the compile uid's rights.
 * Allowed: compile_error
 * Request: [{"compile_args": ["-include", "/etc/shadow"]},
 *   {"compile_args": ["-specs=/proc/1/environ"]},
 *   {"compile_args": ["-Wl,--version-script=/proc/1/environ"]},
 *   {"compile_args": ["@/proc/1/environ"]}]
 */
int main(void) {}
