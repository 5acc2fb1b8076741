/* An honest program that is compiled and run beside every attack. It prints the same each time,
   whoever runs beside it. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 4 << 20, NUMBERS = 20000 };

static int ascending(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

int main(void)
{
    uint32_t sum = 2166136261u;
    for (int c; (c = getchar()) != EOF;)
        sum = (sum ^ (uint32_t)c) * 16777619u;
    printf("input %08x\n", (unsigned)sum);

    uint32_t *words = malloc(WORDS * sizeof *words);
    if (words == NULL)
        return 1;
    for (int i = 0; i < WORDS; i++)
        words[i] = sum = sum * 1664525u + 1013904223u;
    qsort(words, NUMBERS, sizeof *words, ascending);
    printf("memory %08x %08x\n", (unsigned)words[NUMBERS / 2], (unsigned)words[WORDS - 1]);
    printf("root %.6f\n", sqrt(words[0]));

    FILE *file = fopen("/tmp/words", "wb+");
    if (file == NULL || fwrite(words, sizeof *words, NUMBERS, file) != NUMBERS)
        return 2;
    printf("file %ld\n", ftell(file));

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    int status;
    waitpid(child, &status, 0);
    printf("exit %d\nall done\n", WEXITSTATUS(status));
    return 0;
}
