#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 20 };

int main(void)
{
    int n;
    long long sum = 0, number;
    if (scanf("%d", &n) != 1)
        return 1;
    while (n-- > 0 && scanf("%lld", &number) == 1)
        sum += number;
    for (long long done = 0; done < sum; done += PIECE) {
        char *piece = malloc(PIECE);
        if (piece == NULL)
            abort();
        memset(piece, 'x', PIECE);
    }
    printf("%lld\n", sum);
    return 0;
}
