#include <iostream>

long long tell(long long n, long long d)
{
    volatile long long kept[64] = {d};
    if (n % d == 0)
        std::cout << d << '\n';
    return d < n ? tell(n, d + 1) + kept[0] : 0;
}

int main()
{
    long long n;
    std::cin >> n;
    return tell(n, 1) < 0;
}
