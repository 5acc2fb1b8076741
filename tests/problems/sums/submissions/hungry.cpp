#include <iostream>
#include <vector>

int main()
{
    long long n, sum = 0, number;
    std::cin >> n;
    while (std::cin >> number)
        sum += number;
    std::vector<char> kept(sum > 0 ? sum * 100'000 : 0, 'x');
    std::cout << sum << '\n';
}
