#include <cmath>
#include <iostream>

int main()
{
    double x;
    while (std::cin >> x)
        std::cout << std::sqrt(x) << '\n';
}
