#include <stdio.h>

int main(void)
{
    int capacity, n, weight, value;
    if (scanf("%d %d", &capacity, &n) != 2)
        return 1;
    for (int i = 1; i <= n && scanf("%d %d", &weight, &value) == 2; i++)
        if (weight <= capacity) {
            printf(value < 50 ? "%d %d\n" : "%d\n", i, i);
            return 0;
        }
    return 0;
}
