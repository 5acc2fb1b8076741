#include <iostream>

int main()
{
    for (;;)
        std::cout << "5555555555";
}
