#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    int n;
    long long sum = 0;
    if (scanf("%d", &n) != 1)
        return 1;
    long long *volatile numbers = n > 0 ? calloc(n, sizeof *numbers) : NULL;
    numbers[0] = 0;
    for (int i = 0; i < n && scanf("%lld", &numbers[i]) == 1; i++)
        sum += numbers[i];
    printf("%lld\n", sum);
    return 0;
}
