#include <iostream>

int main()
{
    std::cout.precision(17);
    double x;
    while (std::cin >> x) {
        volatile double root = x;
        while (root * root != x)
            root = (root + x / root) / 2;
        std::cout << root << '\n';
    }
}
