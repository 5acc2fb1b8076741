#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

int main() {
    for (int number = 0; number < 1000000; number++)
        if (!std::ofstream("file" + std::to_string(number))) {
            std::cerr << std::strerror(errno) << '\n';
            return 1;
        }
}
