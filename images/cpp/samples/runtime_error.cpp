#include <cstdlib>
#include <iostream>

int main() {
    std::cerr << "something went wrong\n";
    std::exit(3);
}
