#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <list>

int main() {
    std::list<std::ifstream> held;
    for (;;)
        if (!held.emplace_back("/dev/null")) {
            std::cerr << std::strerror(errno) << '\n';
            return 1;
        }
}
