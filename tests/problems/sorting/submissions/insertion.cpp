#include <iostream>
#include <string>
#include <vector>

static bool less(int i, int j)
{
    std::string answer;
    std::cout << "? " << i << ' ' << j << std::endl;
    std::cin >> answer;
    return answer == "<";
}

int main()
{
    int n;
    std::cin >> n;
    std::vector<int> order;
    for (int i = 1; i <= n; i++) {
        std::size_t low = 0, high = order.size();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (less(i, order[middle]))
                high = middle;
            else
                low = middle + 1;
        }
        order.insert(order.begin() + static_cast<long>(low), i);
    }
    std::cout << '!';
    for (int i : order)
        std::cout << ' ' << i;
    std::cout << std::endl;
}
