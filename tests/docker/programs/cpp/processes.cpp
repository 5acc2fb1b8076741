#include <chrono>
#include <thread>
#include <vector>

int main() {
    std::vector<std::thread> threads;
    for (;;)  // the constructor throws when the system refuses another thread
        threads.emplace_back([] { std::this_thread::sleep_for(std::chrono::seconds(60)); });
}
