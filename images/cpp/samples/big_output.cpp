#include <cstdio>

int main() {
    for (int number = 1; number <= 15000; number++) {
        std::printf("%d\n", number);
    }
}
