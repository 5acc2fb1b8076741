/*
 * Class: memory, limits
 * Attacks: the JVM's own limit, by the environment: a heap of 4 GB, taken at once, all of it touched.
 * Invariant: the limit is the sandbox's, whatever the runtime is told.
 * Allowed: memory_limit/memory
 * Request: [{"env": {"JDK_JAVA_OPTIONS": "-Xmx4g -Xms4g -XX:+AlwaysPreTouch"}, "timeout": 10000},
 *   {"env": {"JAVA_TOOL_OPTIONS": "-XX:MaxRAM=4g -XX:MaxMetaspaceSize=4g -XX:-UseContainerSupport"},
 *   "limits": {"memory_mb": 128}, "timeout": 10000}]
 */
import java.util.ArrayList;
import java.util.List;

public class HeapOption {
    public static void main(String[] args) {
        List<byte[]> held = new ArrayList<>();
        while (true)
            held.add(new byte[1 << 20]);
    }
}
