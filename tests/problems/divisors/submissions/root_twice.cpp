#include <iostream>

int main()
{
    long long n;
    std::cin >> n;
    for (long long d = 1; d * d <= n; d++)
        if (n % d == 0)
            std::cout << d << '\n' << n / d << '\n';
}
