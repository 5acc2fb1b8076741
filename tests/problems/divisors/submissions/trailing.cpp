#include <iostream>

int main()
{
    long long n;
    std::cin >> n;
    for (long long d = 1; d * d <= n; d++)
        if (n % d == 0) {
            std::cout << n / d << " \t\n";
            if (d != n / d)
                std::cout << d << '\n';
        }
    std::cout << '\n';
}
