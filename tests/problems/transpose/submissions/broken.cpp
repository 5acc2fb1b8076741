#include <vector>

int main()
{
    std::vector<int> table;
    table.transpose();
}
