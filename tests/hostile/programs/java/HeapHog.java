/*
 * Class: memory
 * Attacks: the heap, full of what is in use, and OutOfMemoryError caught and answered by asking again.
 * Invariant: memory is limited; a refusal that is caught does not make it unlimited.
 * Allowed: memory_limit/memory time_limit/cpu
 * Request: {"limits": {"memory_mb": 128, "cpu_ms": 3000, "wall_ms": 20000}}
 * Prints: refused\n
 */
import java.util.ArrayList;
import java.util.List;

public class HeapHog {
    public static void main(String[] args) {
        List<long[]> held = new ArrayList<>();
        for (int refusals = 0; ; )
            try {
                held.add(new long[1 << 17]);
            } catch (OutOfMemoryError error) {
                if (refusals++ == 0)
                    System.out.println("refused");
                if (refusals > 20)
                    throw error;
            }
    }
}
