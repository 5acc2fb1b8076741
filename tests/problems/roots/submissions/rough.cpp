#include <cmath>
#include <cstdio>

int main()
{
    double x;
    while (std::scanf("%lf", &x) == 1)
        std::printf("%.2f\n", std::sqrt(x));
}
