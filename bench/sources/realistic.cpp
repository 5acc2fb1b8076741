#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>
#include <queue>
#include <string>
#include <utility>
#include <vector>

// Shortest paths (Dijkstra) in a made-up graph.
struct Edge {
    int to;
    long long weight;
};

class Graph {
public:
    explicit Graph(int nodes) : edges_(nodes) {}

    void connect(int from, int to, long long weight) {
        edges_[from].push_back({to, weight});
        edges_[to].push_back({from, weight});
    }

    std::vector<long long> distances(int start) const {
        std::vector<long long> best(edges_.size(), std::numeric_limits<long long>::max());
        using Item = std::pair<long long, int>;
        std::priority_queue<Item, std::vector<Item>, std::greater<Item>> open;
        best[start] = 0;
        open.push({0, start});
        while (!open.empty()) {
            auto [distance, node] = open.top();
            open.pop();
            if (distance != best[node]) continue;
            for (const Edge& edge : edges_[node]) {
                if (distance + edge.weight < best[edge.to]) {
                    best[edge.to] = distance + edge.weight;
                    open.push({best[edge.to], edge.to});
                }
            }
        }
        return best;
    }

private:
    std::vector<std::vector<Edge>> edges_;
};

int main() {
    const int nodes = 5000;
    Graph graph(nodes);
    unsigned state = 7;
    auto next = [&state](unsigned most) {
        state = state * 1664525u + 1013904223u;
        return static_cast<int>((state >> 12) % most);
    };
    for (int i = 1; i < nodes; i++) graph.connect(i, next(i), 1 + next(100));
    for (int i = 0; i < 4 * nodes; i++) graph.connect(next(nodes), next(nodes), 1 + next(1000));
    auto best = graph.distances(0);
    std::cout << "farthest: " << *std::max_element(best.begin(), best.end()) << '\n';
    std::string line;
    for (int i = 1; i <= 5; i++) line += std::to_string(best[i * 900]) + " ";
    std::cout << line << std::endl;
}
