#include <iostream>
#include <iterator>
#include <numeric>

int main() {
    std::istream_iterator<long> numbers(std::cin), end;
    std::cout << std::accumulate(numbers, end, 0L) << '\n';
}
