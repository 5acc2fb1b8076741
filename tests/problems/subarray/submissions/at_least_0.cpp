#include <algorithm>
#include <iostream>

int main()
{
    int n, number, sum = 0, best = 0;
    std::cin >> n;
    while (std::cin >> number) {
        sum = std::max(sum + number, 0);
        best = std::max(best, sum);
    }
    std::cout << best << '\n';
}
