#include <stdio.h>

int main(void)
{
    long n;
    char answer[10];
    if (scanf("%ld", &n) != 1)
        return 2;
    printf("%ld\n", n / 2);
    fflush(stdout);
    return scanf("%9s", answer) == 1 ? 1 : 2;
}
