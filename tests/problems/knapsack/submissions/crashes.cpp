#include <csignal>
#include <iostream>

int main()
{
    int capacity;
    std::cin >> capacity;
    int n;
    std::cin >> n;
    std::cout << (n == 3 ? "2 3\n" : n == 4 ? "3 2\n" : "2\n") << std::flush;
    if (n == 2)
        std::raise(SIGSEGV);
}
