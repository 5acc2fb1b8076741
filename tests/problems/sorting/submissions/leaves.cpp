#include <iostream>
#include <string>

int main()
{
    std::string answer;
    std::cin >> answer;
    std::cout << "? 1 2" << std::endl;
    std::cin >> answer;
}
