#include <stdio.h>
#include <string.h>

int main(void)
{
    static char lines[100][1000];
    int n = 0;
    while (n < 100 && fgets(lines[n], sizeof lines[n], stdin) != NULL) {
        lines[n][strcspn(lines[n], "\n")] = '\0';
        n += strcmp(lines[n], "") != 0 && strcmp(lines[n], "\r") != 0;
    }
    while (n-- > 0)
        puts(lines[n]);
    return 0;
}
