#include <stdio.h>

int main() {
    for (int number = 1; number <= 15000; number++) {
        printf("%d\n", number);
    }
}
