/*
 * Class: cpu
 * Attacks: a library's time: 3 kB of a serialized set, whose hash code takes 2^60 steps.
 * Invariant: a program that a library keeps busy meets its CPU limit.
 * Allowed: time_limit/cpu
 * Request: {"limits": {"cpu_ms": 1200, "wall_ms": 20000}}
 * Prints: [3-6]\d{3} bytes\n
 * Slow: it runs until its CPU limit.
 */
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.HashSet;
import java.util.Set;

public class SerialBomb {
    public static void main(String[] args) throws Exception {
        // From the top, while the sets are empty and their hash codes cheap.
        Set<Object> root = new HashSet<>(), left = root, right = new HashSet<>();
        for (int level = 0; level < 60; level++) {
            Set<Object> nextLeft = new HashSet<>(), nextRight = new HashSet<>(Set.of("another"));
            left.add(nextLeft);
            left.add(nextRight);
            right.add(nextLeft);
            right.add(nextRight);
            left = nextLeft;
            right = nextRight;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ObjectOutputStream(bytes).writeObject(root);
        System.out.println(bytes.size() + " bytes");
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray())).readObject();
        System.out.println("BROKEN: it came to an end");
    }
}
