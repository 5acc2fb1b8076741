/*
 * Class: compile, leftovers
 * Attacks: the run, by what javac's JVM is told to do when it has no memory: run wrapper.sh. (javac
 *   fails then; what is left behind must not live on.)
 * Invariant: what a compiler starts is within the compile's limits and ends with it.
 * Allowed: compile_error compile_error/cpu compile_error/wall compile_error/memory
 * Request: {"compile_args": ["-J-Xmx8m", "-J-XX:OnOutOfMemoryError=sh /build/wrapper.sh"]}
 * With: wrapper.sh
 * Slow: javac works until its limits.
 */
public class JvmShell {
    static final String A = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static final String B = A + A + A + A + A + A + A + A + A + A + A + A + A + A + A + A;
    static final String C = B + B + B + B + B + B + B + B + B + B + B + B + B + B + B + B;
    static final String D = C + C + C + C + C + C + C + C + C + C + C + C + C + C + C + C;
    static final String E = D + D + D + D + D + D + D + D + D + D + D + D + D + D + D + D;

    public static void main(String[] args) {
        System.out.println(E.length());
    }
}
