/*
 * Class: compile, proc
 * Attacks: javac's options that name files, folders and programs: classes written elsewhere, secrets
 *   read as arguments or as sources, a heap beyond the limit, agents for the JVM.
 * Invariant: a compiler has the compile uid's rights and the job's limits, whatever it is told.
 * Allowed: compile_error compile_error/memory
 * Request: [{"compile_args": ["-d", "/etc"]}, {"compile_args": ["-d", "/work"]},
 *   {"compile_args": ["-h", "/sandbox"]},
 *   {"compile_args": ["@/etc/shadow"]}, {"compile_args": ["@/proc/1/environ"]},
 *   {"compile_args": ["-J-Xms4g", "-J-Xmx4g", "-J-XX:+AlwaysPreTouch"]},
 *   {"compile_args": ["-J-agentpath:/proc/1/fd/0"]}, {"compile_args": ["/work/CompilerOptions.java"]}]
 */
public class CompilerOptions {
    static native void header();

    public static void main(String[] args) {
        System.out.println("BROKEN: it was compiled");
    }
}
