#include <stdio.h>

int main(void)
{
    for (;;) {
        puts("? 1 2");
        fflush(stdout);
    }
}
