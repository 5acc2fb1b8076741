#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

int main(void) {
    for (;;) {
        pid_t pid = fork();
        if (pid < 0) {
            perror("fork");
            return 1;
        }
        if (pid == 0) sleep(60);
    }
}
