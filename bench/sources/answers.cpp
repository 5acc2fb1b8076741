#include <cstdio>

int main()
{
    int question;
    while (std::scanf("%d", &question) == 1 && question != 0) {
        std::printf("%d\n", 2 * question);
        std::fflush(stdout);
    }
}
