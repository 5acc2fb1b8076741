#include <chrono>
#include <iostream>
#include <thread>

int main()
{
    long long n, sum = 0, number;
    std::cin >> n;
    while (n == 0)
        std::this_thread::sleep_for(std::chrono::seconds(1));
    while (std::cin >> number)
        sum += number;
    std::cout << sum << '\n';
}
