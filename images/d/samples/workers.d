import core.thread;
import std.stdio;

enum workers = 4;
__gshared long[workers] sums;

Thread startWorker(int first) {
    return new Thread({
        for (int n = first; n < 1_000_000; n += workers) {
            sums[first] += n;
        }
    }).start();
}

void main() {
    Thread[] threads;
    foreach (first; 0 .. workers) {
        threads ~= startWorker(first);
    }
    long total;
    foreach (i, thread; threads) {
        thread.join();
        total += sums[i];
    }
    writeln(workers, " workers: ", total);
}
