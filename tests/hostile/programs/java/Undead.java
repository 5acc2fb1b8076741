/*
 * Class: memory, cpu
 * Attacks: the garbage collector: every object comes back in its finalizer, with two new ones.
 * Invariant: what a runtime does is the program's, and limited.
 * Allowed: memory_limit/memory time_limit/cpu
 * Request: {"limits": {"memory_mb": 128, "cpu_ms": 2500, "wall_ms": 20000}}
 */
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

public class Undead {
    static final Queue<Undead> risen = new ConcurrentLinkedQueue<>();
    final byte[] weight = new byte[1 << 14];

    @Override
    @SuppressWarnings({"deprecation", "removal"})
    protected void finalize() {
        risen.add(this);
        risen.add(new Undead());
        risen.add(new Undead());
    }

    public static void main(String[] args) {
        while (true) {
            new Undead();
            if (risen.size() > 100)
                System.gc();
        }
    }
}
