#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 20 };

int main(void)
{
    for (;;) {
        char *piece = malloc(PIECE);
        if (piece == NULL)
            abort();
        memset(piece, 'x', PIECE);
    }
}
