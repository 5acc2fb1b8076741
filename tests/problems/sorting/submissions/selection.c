#include <stdio.h>

int main(void)
{
    int n, order[100];
    char answer[2];
    if (scanf("%d", &n) != 1)
        return 1;
    for (int i = 0; i < n; i++)
        order[i] = i + 1;
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            printf("? %d %d\n", order[i], order[j]);
            fflush(stdout);
            if (scanf("%1s", answer) != 1)
                return 2;
            if (answer[0] == '>') {
                int larger = order[i];
                order[i] = order[j];
                order[j] = larger;
            }
        }
    printf("!");
    for (int i = 0; i < n; i++)
        printf(" %d", order[i]);
    puts("");
    return 0;
}
