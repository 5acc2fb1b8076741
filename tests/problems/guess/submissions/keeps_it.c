#include <stdio.h>
#include <string.h>

int main(void)
{
    long low = 1, high;
    char answer[10];
    if (scanf("%ld", &high) != 1)
        return 1;
    for (;;) {
        long guess = (low + high) / 2;
        printf("%ld\n", guess);
        if (scanf("%9s", answer) != 1)
            return 2;
        if (strcmp(answer, "equal") == 0)
            return 0;
        if (strcmp(answer, "more") == 0)
            low = guess + 1;
        else
            high = guess - 1;
    }
}
