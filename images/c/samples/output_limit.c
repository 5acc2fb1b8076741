#include <stdio.h>

int main() {
    for (;;) {
        puts("again and again");
    }
}
