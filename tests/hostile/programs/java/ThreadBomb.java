/*
 * Class: processes
 * Attacks: the number of threads, until there are no more, and each of them tries, too.
 * Invariant: threads count as processes do, and all of them end.
 * Allowed: accepted
 * Request: {"limits": {"processes": 64}, "timeout": 10000}
 * With: Attack.java
 * Prints: (\[[^\n]*warning[^\n]*\n)*refused: E\w+ one more thread\nworks: fewer than 64\nthe end, 2 tries\n
 * Hits: processes
 */
import java.util.concurrent.atomic.AtomicInteger;

public class ThreadBomb {
    static final AtomicInteger count = new AtomicInteger();

    static void more() {
        while (count.get() < 10_000) {
            Thread thread = new Thread(null, () -> {
                try {
                    Thread.sleep(60_000);
                } catch (InterruptedException interrupted) {
                    more();
                }
            }, "one more", 1 << 16);
            thread.setDaemon(true);
            thread.start();
            count.incrementAndGet();
        }
    }

    public static void main(String[] args) {
        System.err.close(); // the JVM itself warns there
        Attack.refused("one more thread", () -> { more(); return count; }, OutOfMemoryError.class);
        Attack.works("fewer than 64", count.get() > 0 && count.get() < 64);
        Attack.theEnd();
    }
}
