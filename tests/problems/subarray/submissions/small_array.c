#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    int n, numbers[100], best = -1000000;
    if (scanf("%d", &n) != 1)
        return 1;
    for (int i = 0; i < n; i++) {
        if (i == 100)
            abort();
        if (scanf("%d", &numbers[i]) != 1)
            return 1;
    }
    for (int i = 0; i < n; i++)
        for (int j = i, sum = 0; j < n; j++) {
            sum += numbers[j];
            best = sum > best ? sum : best;
        }
    printf("%d\n", best);
    return 0;
}
