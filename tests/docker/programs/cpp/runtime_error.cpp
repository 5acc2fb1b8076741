#include <iostream>

int main() {
    std::cout << "so far so good\n";
    std::cerr << "something is wrong\n";
    return 1;
}
