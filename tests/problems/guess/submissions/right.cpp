#include <iostream>
#include <string>

int main()
{
    long low = 1, high;
    std::cin >> high;
    std::string answer;
    while (answer != "equal") {
        const long guess = low + (high - low) / 2;
        std::cout << guess << std::endl;
        if (!(std::cin >> answer))
            return 2;
        (answer == "more" ? low : high) = guess + (answer == "more" ? 1 : -1);
    }
}
