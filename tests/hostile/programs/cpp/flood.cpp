/*
 * Class: output
 * Attacks: the orchestrator, with output on both streams at once from many threads, in single bytes
 *   and in large blocks, without a newline; writev and splice beside write.
 * Invariant: what a program prints is capped where it is printed, each stream by itself.
 * Allowed: output_limit/output
 * Request: {"compile_args": ["-pthread"], "timeout": 10000}
 */
#include <fcntl.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>
#include <vector>

static char block[1 << 16];

static void flood(int number)
{
    int pipe_ends[2];
    iovec parts[] = {{block, 1}, {block, sizeof block}, {block, 3}};
    const int stream = 1 + number % 2;
    if (pipe(pipe_ends) != 0)
        return;
    for (ssize_t sum = 0; sum >= 0;) {
        sum += write(stream, block, 1);
        sum += writev(stream, parts, 3);
        sum += write(pipe_ends[1], block, 4096);
        sum += splice(pipe_ends[0], nullptr, stream, nullptr, 4096, 0);
    }
}

int main()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++)
        threads.emplace_back(flood, i);
    for (auto &thread : threads)
        thread.join();
}
