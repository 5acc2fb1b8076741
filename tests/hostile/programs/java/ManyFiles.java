/*
 * Class: files, quotas
 * Attacks: open files: as many as there are to be had, by streams, pipes, selectors and watches.
 * Invariant: open files are limited, and so is what the kernel counts with them.
 * Allowed: accepted
 * With: Attack.java
 * Tries: 5
 */
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.channels.Pipe;
import java.nio.channels.Selector;
import java.nio.file.FileSystems;
import java.util.ArrayList;
import java.util.List;

public class ManyFiles {
    interface Source { AutoCloseable open() throws IOException; }

    static Object open(Source source) throws Exception {
        List<AutoCloseable> held = new ArrayList<>();
        try {
            while (held.size() < 10_000)
                held.add(source.open());
            return held.size();
        } finally {
            for (AutoCloseable one : held)
                one.close();
        }
    }

    static AutoCloseable pipe() throws IOException {
        Pipe pipe = Pipe.open();
        return () -> { pipe.source().close(); pipe.sink().close(); };
    }

    /** What the JVM loads for them it loads from files. */
    static boolean warmUp() throws Exception {
        for (Source source : new Source[] {() -> new FileInputStream("/dev/null"), ManyFiles::pipe, Selector::open,
                                           () -> FileSystems.getDefault().newWatchService()})
            source.open().close();
        return true;
    }

    public static void main(String[] args) throws Exception {
        System.err.close(); // what is loaded meanwhile may warn there
        Attack.works("one of each", warmUp());
        Attack.refused("one more file", () -> open(() -> new FileInputStream("/dev/null")));
        Attack.refused("one more pipe", () -> open(ManyFiles::pipe));
        Attack.refused("one more selector", () -> open(Selector::open));
        Attack.refused("one more watch", () -> open(() -> FileSystems.getDefault().newWatchService()));
        Attack.theEnd();
    }
}
