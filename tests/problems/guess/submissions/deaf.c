#include <stdio.h>

int main(void)
{
    for (long guess = 0;; guess++)
        printf("%ld\n", guess);
}
