#include <fstream>
#include <string>

int main() {
    const std::string block(1 << 20, 'x');
    std::ofstream file("big", std::ios::binary);
    while (file << block << std::flush) {
    }
    return 1;
}
