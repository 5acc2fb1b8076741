#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, stdin)) != -1;) {
        if (length > 0 && line[length - 1] == '\n') {
            line[length - 1] = '\0';
        }
        puts(line);
    }
    free(line);
    return 0;
}
