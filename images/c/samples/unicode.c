#include <stdio.h>

int main(void) {
    puts("Grüße, Жизнь, 世界 ☃ 🚀");
    return 0;
}
