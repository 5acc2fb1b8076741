import java.util.stream.IntStream;
import java.util.stream.LongStream;

public class Main {
    static final int WORKERS = 4, NUMBERS = 1_000_000;

    public static void main(String[] args) throws InterruptedException {
        long[] sums = new long[WORKERS];
        Thread[] threads = new Thread[WORKERS];
        for (int i = 0; i < WORKERS; i++) {
            int first = i;
            threads[i] = new Thread(() ->
                sums[first] = IntStream.iterate(first, n -> n < NUMBERS, n -> n + WORKERS).asLongStream().sum());
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(WORKERS + " workers: " + LongStream.of(sums).sum());
    }
}
