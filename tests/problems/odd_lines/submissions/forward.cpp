#include <iostream>
#include <string>

int main()
{
    std::string line;
    while (std::getline(std::cin, line))
        if (!line.empty() && line != "\r")
            std::cout << line << '\n';
}
