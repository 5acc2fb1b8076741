#include <chrono>
#include <iostream>
#include <thread>

int main() {
    std::cout << "going to sleep" << std::endl;
    std::this_thread::sleep_for(std::chrono::seconds(60));
}
