#include <cstdio>

int main() {
    for (;;) {
        std::puts("again and again");
    }
}
