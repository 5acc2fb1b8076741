#include <iostream>
#include <string>
#include <vector>

int main()
{
    std::size_t r, c;
    std::cin >> r >> c;
    std::vector<std::vector<std::string>> table(r, std::vector<std::string>(c));
    for (auto &row : table)
        for (auto &word : row)
            std::cin >> word;
    for (std::size_t j = 0; j < c; j++)
        for (std::size_t i = 0; i < r; i++)
            std::cout << table[i][j] << (i + 1 < r ? ' ' : '\n');
}
