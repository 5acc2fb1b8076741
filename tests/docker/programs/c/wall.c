#include <stdio.h>
#include <unistd.h>

int main(void) {
    puts("going to sleep");
    fflush(stdout);
    sleep(60);
    return 0;
}
