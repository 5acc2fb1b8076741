#include <stdio.h>
#include <string.h>

static char block[1 << 20];

int main(void) {
    memset(block, 1, sizeof block);
    for (int number = 0; number < 1000; number++) {
        char name[32];
        snprintf(name, sizeof name, "file%d", number);
        FILE *file = fopen(name, "wb");
        if (!file || fwrite(block, sizeof block, 1, file) != 1 || fclose(file) != 0) {
            perror(name);
            return 1;
        }
    }
    return 0;
}
