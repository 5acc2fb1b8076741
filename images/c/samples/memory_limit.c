#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 20 };

int main(void) {
    for (;;) {
        char *block = malloc(BLOCK);
        if (block == NULL) {
            return 1;
        }
        memset(block, 1, BLOCK);
    }
}
