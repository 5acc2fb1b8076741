#include <stdio.h>

int main(void)
{
    int capacity, n, weights[30], values[30], packed[30] = {0};
    if (scanf("%d %d", &capacity, &n) != 2)
        return 1;
    for (int i = 0; i < n; i++)
        if (scanf("%d %d", &weights[i], &values[i]) != 2)
            return 1;
    for (;;) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!packed[i] && weights[i] <= capacity
                && (best < 0 || values[i] * weights[best] > values[best] * weights[i]))
                best = i;
        if (best < 0)
            return 0;
        packed[best] = 1;
        capacity -= weights[best];
        printf("%d\n", best + 1);
    }
}
