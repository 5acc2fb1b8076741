#include <stdio.h>

int main(void)
{
    printf("%lld\n", sum_of(stdin))
}
