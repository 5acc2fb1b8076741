#include <stdio.h>

int main(void) {
    for (int number = 0; number < 1000000; number++) {
        char name[32];
        snprintf(name, sizeof name, "file%d", number);
        FILE *file = fopen(name, "wb");
        if (!file) {
            perror(name);
            return 1;
        }
        fclose(file);
    }
    return 0;
}
