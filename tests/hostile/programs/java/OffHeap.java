/*
 * Class: memory
 * Attacks: memory that is not the heap's: sun.misc.Unsafe, which asks the system and touches it.
 * Invariant: memory is the process's, whoever in it asks.
 * Allowed: memory_limit/memory
 * Request: {"limits": {"memory_mb": 128}, "timeout": 10000}
 */
import java.lang.reflect.Field;

public class OffHeap {
    public static void main(String[] args) throws Exception {
        Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        sun.misc.Unsafe unsafe = (sun.misc.Unsafe) field.get(null);
        for (long size = 1 << 20; ; )
            unsafe.setMemory(unsafe.allocateMemory(size), size, (byte) 1);
    }
}
