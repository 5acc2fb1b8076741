#include <future>
#include <iostream>
#include <vector>

int main() {
    constexpr int threads = 4, numbers = 1'000'000;
    std::vector<std::future<long long>> parts;
    for (int first = 0; first < threads; ++first) {
        parts.push_back(std::async(std::launch::async, [first] {
            long long sum = 0;
            for (int n = first; n < numbers; n += threads) {
                sum += n;
            }
            return sum;
        }));
    }
    long long total = 0;
    for (auto& part : parts) {
        total += part.get();
    }
    std::cout << threads << " workers: " << total << '\n';
}
