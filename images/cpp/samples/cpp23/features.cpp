#include <expected>
#include <iostream>
#include <string>
#include <utility>

enum class Reason { empty };

std::expected<char, Reason> first(const std::string& text) {
    if (text.empty()) {
        return std::unexpected(Reason::empty);
    }
    return text[0];
}

struct Counter {
    int calls = 0;

    template <typename Self>
    static constexpr bool is_compiled_once() {
        if consteval {
            return true;
        } else {
            return false;
        }
    }
};

int main() {
    static_assert(Counter::is_compiled_once<Counter>());
    std::cout << first("expected").value() << ' ' << std::to_underlying(first("").error()) << ' '
              << 5uz << '\n';
}
