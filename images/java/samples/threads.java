import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

public class Main {
    static final int THREADS = 100, NUMBERS = 1_000_000;

    public static void main(String[] args) throws InterruptedException {
        AtomicLong total = new AtomicLong();
        CountDownLatch allAlive = new CountDownLatch(THREADS);
        Thread[] threads = new Thread[THREADS];
        for (int i = 0; i < THREADS; i++) {
            int first = i;
            threads[i] = new Thread(() -> {
                long sum = 0;
                for (int n = first; n < NUMBERS; n += THREADS) {
                    sum += n;
                }
                total.addAndGet(sum);
                allAlive.countDown();
                try {
                    allAlive.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(THREADS + " threads: " + total);
    }
}
