#include <concepts>
#include <iostream>
#include <ranges>
#include <span>
#include <vector>

template <typename T>
concept Number = std::integral<T> || std::floating_point<T>;

template <Number T>
T sum(std::span<const T> values) {
    T total{};
    for (T value : values) {
        total += value;
    }
    return total;
}

int main() {
    auto squares = std::views::iota(1, 11) | std::views::filter([](int n) { return n % 2 == 0; })
        | std::views::transform([](int n) { return n * n; });
    std::vector<int> kept(squares.begin(), squares.end());
    std::cout << sum<int>(kept) << ' ' << (3 <=> 2 > 0) << ' ' << __cplusplus / 100 << '\n';
}
