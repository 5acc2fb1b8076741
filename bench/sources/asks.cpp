// An interactor: as many questions as its input file says, each once the last is answered.
#include <cstdio>

int main(int, char **argv)
{
    FILE *input = std::fopen(argv[1], "r");
    int exchanges, answer;
    if (input == nullptr || std::fscanf(input, "%d", &exchanges) != 1)
        return 3;
    for (int i = 1; i <= exchanges; i++) {
        std::printf("%d\n", i);
        std::fflush(stdout);
        if (std::scanf("%d", &answer) != 1 || answer != 2 * i)
            return 1;
    }
    std::puts("0");
    return 0;
}
