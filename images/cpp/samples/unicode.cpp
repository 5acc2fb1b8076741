#include <iostream>

int main() {
    std::cout << u8"Grüße, Жизнь, 世界 ☃ 🚀" << std::endl;
}
