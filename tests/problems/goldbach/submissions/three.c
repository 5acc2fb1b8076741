#include <stdio.h>

int main(void)
{
    int n;
    if (scanf("%d", &n) != 1)
        return 1;
    printf("2 2 %d\n", n - 4);
    return 0;
}
