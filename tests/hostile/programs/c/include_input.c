/*
 * Class: compile, streams
 * Attacks: the run's input, read as a header while compiling.
 * Invariant: the input is the run's alone; to the compiler there is none.
 * Allowed: accepted
 * Request: {"input": "#error the compiler has seen the input\n"}
 * Prints: #error the compiler has seen the input\n
 */
#include "/dev/stdin"
#include "/proc/self/fd/0"
#include <stdio.h>

int main(void)
{
    for (int c; (c = getchar()) != EOF;)
        putchar(c);
}
