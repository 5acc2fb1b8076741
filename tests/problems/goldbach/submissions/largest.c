#include <stdio.h>

static int is_prime(int n)
{
    for (int d = 2; d * d <= n; d++)
        if (n % d == 0)
            return 0;
    return n > 1;
}

int main(void)
{
    int n;
    if (scanf("%d", &n) != 1)
        return 1;
    for (int p = n; p > 1; p--)
        if (is_prime(p) && is_prime(n - p)) {
            printf("%d %d\n", p, n - p);
            return 0;
        }
    return 1;
}
