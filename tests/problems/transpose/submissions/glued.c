#include <stdio.h>

int main(void)
{
    int r, c;
    static char table[10][10][100];
    if (scanf("%d %d", &r, &c) != 2)
        return 1;
    for (int i = 0; i < r; i++)
        for (int j = 0; j < c; j++)
            if (scanf("%99s", table[i][j]) != 1)
                return 1;
    for (int j = 0; j < c; j++)
        for (int i = 0; i < r; i++)
            printf("%s", table[i][j]);
    puts("");
    return 0;
}
