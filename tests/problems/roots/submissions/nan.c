#include <math.h>
#include <stdio.h>

int main(void)
{
    double x;
    while (scanf("%lf", &x) == 1)
        printf("%.12f\n", x / sqrt(x));
    return 0;
}
