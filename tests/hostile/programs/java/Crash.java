/*
 * Class: signals, disk
 * Attacks: the JVM itself: a write to address 0 and, before its report, a shell called by option; the
 *   report and a core file go to disk.
 * Invariant: a runtime that crashes is a program that failed.
 * Allowed: runtime_error/signal
 * Request: {"env": {"JDK_JAVA_OPTIONS": "-XX:+CreateCoredumpOnCrash -XX:OnError='kill -9 1; kill -STOP 1'"}}
 * Prints: (?=.*SIGSEGV)(?!.*BROKEN).*
 */
import java.lang.reflect.Field;

public class Crash {
    public static void main(String[] args) throws Exception {
        Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        ((sun.misc.Unsafe) field.get(null)).putAddress(0, 0);
        System.out.println("BROKEN: nothing happened");
    }
}
