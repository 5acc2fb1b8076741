// argv: input, output, answer. stdin: the solution's guesses. stdout: its answers.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

[[noreturn]] static void quit(int code, const std::string &message)
{
    std::cerr << message << '\n';
    std::exit(code);
}

static std::string line_of_solution()
{
    std::string line;
    char letter;
    while (std::cin.get(letter)) {
        if (letter == '\n')
            return line;
        if (line.size() == 20)
            quit(2, "no guess: a line of more than 20 letters");
        line += letter;
    }
    quit(1, "gone before the number was found");
}

int main(int argc, char **argv)
{
    if (argc != 4)
        quit(3, "three file names are expected");
    std::ifstream input(argv[1]);
    long n, number, most;
    if (!(input >> n >> number >> most))
        quit(3, "the test itself is wrong");
    std::cout << n << std::endl;
    for (long guesses = 1;; guesses++) {
        const std::string line = line_of_solution();
        char *end;
        const long guess = std::strtol(line.c_str(), &end, 10);
        if (line.empty() || (*end != '\0' && *end != '\r') || guess < 1 || guess > n)
            quit(2, "no guess: " + line);
        if (guess == number) {
            std::cout << "equal" << std::endl;
            quit(0, "found");
        }
        if (guesses == most)
            quit(1, "too many guesses");
        std::cout << (guess < number ? "more" : "less") << std::endl;
    }
}
