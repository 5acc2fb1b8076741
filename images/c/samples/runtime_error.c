#include <stdio.h>
#include <stdlib.h>

int main(void) {
    fputs("something went wrong\n", stderr);
    exit(3);
}
