#include <fcntl.h>
#include <stdio.h>

int main(void) {
    while (open("/dev/null", O_RDONLY) >= 0) {
    }
    perror("open");
    return 1;
}
