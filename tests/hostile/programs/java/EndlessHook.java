/*
 * Class: leftovers, cpu
 * Attacks: the end: one shutdown hook waits for ever, one calls System.exit, which waits for the
 *   hooks, and one burns.
 * Invariant: a program that has said it ends is still within its limits.
 * Allowed: time_limit/cpu
 * Request: {"limits": {"cpu_ms": 1500, "wall_ms": 20000}}
 * Prints: main ends\n
 * Slow: it runs until its CPU limit.
 */
public class EndlessHook {
    static volatile long spins;

    static void atExit(Runnable hook) {
        Runtime.getRuntime().addShutdownHook(new Thread(hook));
    }

    public static void main(String[] args) {
        atExit(() -> System.exit(0));
        atExit(() -> { while (true) spins++; });
        atExit(() -> { while (true) Thread.onSpinWait(); });
        System.out.println("main ends");
        System.exit(0);
    }
}
