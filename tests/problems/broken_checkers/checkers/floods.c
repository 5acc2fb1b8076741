#include <stdio.h>

int main(void)
{
    for (;;) {
        puts("wrong, wrong, wrong");
        fputs("right, right, right\n", stderr);
    }
}
