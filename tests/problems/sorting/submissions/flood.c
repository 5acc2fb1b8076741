#include <stdio.h>

int main(void)
{
    for (int i = 0;; i++)
        fprintf(stderr, "asked nothing %d times\n", i);
}
