#include <iostream>
#include <string>

int main()
{
    long n;
    std::cin >> n;
    std::cout << n / 2 << std::endl;
    std::string answer;
    std::cin >> answer;
    volatile int *volatile nowhere = nullptr;
    *nowhere = 1;
}
