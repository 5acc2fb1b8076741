#include <cstdint>
#include <iostream>

int main()
{
    long long n, number;
    std::uint32_t sum = 0;
    std::cin >> n;
    while (std::cin >> number)
        sum += static_cast<std::uint32_t>(number);
    std::cout << static_cast<std::int32_t>(sum) << '\n';
}
