/*
 * Class: leftovers, processes
 * Attacks: the end: children of children that hold the output open, in sessions of their own, deaf,
 *   stopped; and non-daemon threads of the JVM's, ended by halt.
 * Invariant: the stage ends with its program, at once; nothing that it started outlives it.
 * Allowed: accepted
 * Request: {"timeout": 60000}
 * Prints: main ends\n
 * Within: 40
 */
import java.util.List;

public class LeftChildren {
    public static void main(String[] args) throws Exception {
        for (String command : List.of("exec sleep 60", "(exec setsid sh -c 'trap \"\" TERM HUP; sleep 60; sleep 60') &",
                                      "kill -STOP $$", "while :; do sleep 0.01; done"))
            new ProcessBuilder("sh", "-c", command).inheritIO().start();
        new Thread(() -> { while (true) Thread.onSpinWait(); }).start();
        Thread.sleep(100);
        System.out.println("main ends");
        Runtime.getRuntime().halt(0);
    }
}
