/*
 * Class: cpu, memory
 * Attacks: the stack, without end, its overflow caught at every level and answered by going on.
 * Invariant: a program that can't die of its faults meets its CPU limit; or its memory limit, which the JVM
 *   meets as soon as an overflow has come some way up a large stack.
 * Allowed: time_limit/cpu memory_limit/memory
 * Request: {"limits": {"cpu_ms": 1200, "wall_ms": 20000}}
 * Prints: down\n
 */
public class StackForever {
    static void down() {
        try {
            down();
        } catch (StackOverflowError error) {
            down();
        } finally {
            down();
        }
    }

    public static void main(String[] args) {
        System.out.println("down");
        down();
    }
}
