#include <iostream>
#include <string>

int main()
{
    long low = 1, high;
    std::cin >> high;
    std::string answer;
    while (low < high) {
        const long guess = (low + high) / 2;
        std::cout << guess << std::endl;
        if (!(std::cin >> answer) || answer == "equal")
            return 0;
        if (answer == "more")
            low = guess + 1;
        else
            high = guess;
    }
}
