/*
 * Class: output, leftovers
 * Attacks: the end of the output: children go on writing, on both streams, as much as they can, when
 *   their parent has ended.
 * Invariant: a stage ends with its program; what comes late is cut off or meets the output limit.
 * Allowed: accepted output_limit/output
 * Request: {"timeout": 30000}
 * Prints: first\n.*
 * Within: 25
 */
#include <string.h>
#include <unistd.h>

int main(void)
{
    static char noise[1 << 16];
    memset(noise, '.', sizeof noise);
    write(1, "first\n", 6);
    for (int i = 0; i < 8; i++)
        if (fork() == 0) {
            setsid();
            while (getppid() != 1)
                usleep(100);
            for (;;)
                write(1 + i % 2, noise, sizeof noise);
        }
    usleep(50 * 1000);
    return 0;
}
