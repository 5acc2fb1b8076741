#include "text/greeting.h"

#include <iostream>

int main() {
    std::cout << greeting("files") << '\n';
}
