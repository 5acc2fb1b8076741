#include <iostream>
#include <string>
#include <vector>

int main()
{
    std::vector<std::string> lines;
    std::string line;
    while (std::getline(std::cin, line))
        if (!line.empty() && line != "\r")
            lines.push_back(line);
    while (!lines.empty()) {
        std::cout << lines.back() << "\n\n";
        lines.pop_back();
    }
}
