#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

int main() {
    const std::string block(1 << 20, 'x');
    for (int number = 0; number < 1000; number++) {
        std::ofstream file("file" + std::to_string(number), std::ios::binary);
        if (!(file << block << std::flush)) {
            std::cerr << std::strerror(errno) << '\n';
            return 1;
        }
    }
}
