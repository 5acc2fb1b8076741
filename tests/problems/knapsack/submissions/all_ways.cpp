#include <iostream>
#include <vector>

int main()
{
    int capacity, n, best = 0;
    unsigned chosen = 0;
    std::cin >> capacity >> n;
    std::vector<int> weights(n), values(n);
    for (int i = 0; i < n; i++)
        std::cin >> weights[i] >> values[i];
    for (unsigned set = 0; set < 1u << n; set++) {
        int weight = 0, value = 0;
        for (int i = 0; i < n; i++)
            if (set >> i & 1) {
                weight += weights[i];
                value += values[i];
            }
        if (weight <= capacity && value > best) {
            best = value;
            chosen = set;
        }
    }
    for (int i = 0; i < n; i++)
        if (chosen >> i & 1)
            std::cout << i + 1 << '\n';
}
