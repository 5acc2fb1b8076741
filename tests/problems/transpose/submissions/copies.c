#include <stdio.h>

int main(void)
{
    int r, c;
    char word[100];
    if (scanf("%d %d", &r, &c) != 2)
        return 1;
    while (scanf("%99s", word) == 1)
        puts(word);
    return 0;
}
