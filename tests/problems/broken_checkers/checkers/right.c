#include <stdio.h>

int main(int argc, char **argv)
{
    int output, answer;
    FILE *files[2];
    if (argc != 4 || (files[0] = fopen(argv[2], "r")) == NULL
        || (files[1] = fopen(argv[3], "r")) == NULL || fscanf(files[1], "%d", &answer) != 1)
        return 3;
    if (fscanf(files[0], "%d", &output) != 1)
        return 2;
    return output != answer;
}
