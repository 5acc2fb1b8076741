#include <stdio.h>

int main(void) {
    puts("so far so good");
    fputs("something is wrong\n", stderr);
    return 1;
}
