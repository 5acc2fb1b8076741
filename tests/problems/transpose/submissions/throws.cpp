#include <iostream>
#include <string>
#include <vector>

int main()
{
    std::size_t r, c;
    std::cin >> r >> c;
    std::vector<std::string> words(r * c);
    for (auto &word : words)
        std::cin >> word;
    for (std::size_t j = 0; j < r; j++)
        for (std::size_t i = 0; i < c; i++)
            std::cout << words.at(i * r + j + (r == c ? 0 : r)) << (i + 1 < c ? ' ' : '\n');
}
