#include <stdio.h>

int main(void)
{
    int n, number, best, sum;
    if (scanf("%d %d", &n, &best) != 2)
        return 1;
    sum = best;
    while (scanf("%d", &number) == 1) {
        sum = (sum > 0 ? sum : 0) + number;
        best = sum > best ? sum : best;
    }
    printf("%d\n", best);
    return 0;
}
