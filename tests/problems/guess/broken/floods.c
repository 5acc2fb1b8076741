#include <stdio.h>

int main(void)
{
    for (;;)
        fputs("more than anybody wants to know\n", stderr);
}
