// argv: input, output, answer. As testlib exits: 0 right, 1 wrong, 2 badly written, 4 too much, 8 too little.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

static bool is_prime(long n)
{
    for (long d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return n > 1;
}

[[noreturn]] static void quit(int code, const std::string &message)
{
    std::cerr << message << '\n';
    std::exit(code);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        quit(3, "three file names are expected");
    std::ifstream input(argv[1]), output(argv[2]), answer(argv[3]);
    long n, p, q;
    if (!(input >> n) || !(answer >> p >> q) || p + q != n)
        quit(3, "the test itself is wrong");
    long found[2];
    for (long &number : found) {
        std::string word;
        if (!(output >> word))
            quit(8, "too few numbers");
        char *end;
        number = std::strtol(word.c_str(), &end, 10);
        if (*end != '\0')
            quit(2, "no number: " + word);
    }
    std::string more;
    if (output >> more)
        quit(4, "more than two numbers");
    for (long number : found)
        if (!is_prime(number))
            quit(1, std::to_string(number) + " is no prime");
    if (found[0] + found[1] != n)
        quit(1, std::to_string(found[0] + found[1]) + " is not the sum");
    quit(0, "right");
}
