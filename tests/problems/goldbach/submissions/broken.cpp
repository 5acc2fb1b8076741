#include "primes.h"

int main()
{
    print(primes());
}
