#include <stdio.h>

int main(void)
{
    int n;
    long long number;
    volatile long long sum = 0;
    if (scanf("%d", &n) != 1)
        return 1;
    while (n-- > 0 && scanf("%lld", &number) == 1)
        for (long long i = 0; i != number; i += number < 0 ? -1 : 1)
            sum = sum + (number < 0 ? -1 : 1);
    printf("%lld\n", sum);
    return 0;
}
