#include <iostream>

int main()
{
    for (;;)
        std::cout << "2 2\n";
}
