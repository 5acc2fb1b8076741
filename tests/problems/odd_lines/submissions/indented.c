#include <stdio.h>
#include <string.h>

int main(void)
{
    static char lines[100][1000];
    int n = 0;
    while (n < 100 && fgets(lines[n], sizeof lines[n], stdin) != NULL) {
        lines[n][strcspn(lines[n], "\r\n")] = '\0';
        n += lines[n][0] != '\0';
    }
    while (n-- > 0)
        printf(" %s\n", lines[n]);
    return 0;
}
