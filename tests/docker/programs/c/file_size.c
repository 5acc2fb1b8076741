#include <stdio.h>
#include <string.h>

static char block[1 << 20];

int main(void) {
    memset(block, 1, sizeof block);
    FILE *file = fopen("big", "wb");
    for (;;)
        if (fwrite(block, sizeof block, 1, file) != 1) {
            perror("big");
            return 1;
        }
}
