/*
 * Attacks: the run, with what an annotation processor left behind in the compile (wrapper.sh).
 * Invariant: nothing of the compile is alive; /tmp and /dev/shm are empty; /build can be read and
 * not written; /work holds the files submitted, in number as the argument says.
 * Allowed outcomes: AccessDeniedException for every way to change /build.
 */
import java.io.File;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

public class Inspect {
    interface Try { void make() throws Exception; }

    static int tries;

    static void works(String what, boolean holds) {
        tries++;
        System.out.println((holds ? "works: " : "BROKEN: ") + what);
    }

    static void refused(String what, Try attempt) {
        tries++;
        try {
            attempt.make();
            System.out.println("BROKEN: " + what);
        } catch (AccessDeniedException denied) {
            System.out.println("refused: EACCES " + what);
        } catch (Exception other) {
            System.out.println("BROKEN: " + what + ": " + other);
        }
    }

    static int count(String folder) {
        String[] names = new File(folder).list();
        return names == null ? -1 : names.length;
    }

    public static void main(String[] args) throws Exception {
        List<String> report = Files.readAllLines(Path.of("/build/report"));
        report.forEach(System.out::println);
        tries += report.size();
        long self = ProcessHandle.current().pid();
        works("no other process", ProcessHandle.allProcesses().allMatch(p -> p.pid() == 1 || p.pid() == self));
        works("/tmp is empty", count("/tmp") == 0);
        works("/dev/shm is empty", count("/dev/shm") == 0);
        works("/work is as submitted", count("/work") == Integer.parseInt(args[0]));
        refused("a new file in /build", () -> Files.createFile(Path.of("/build/new")));
        refused("a new file in /build/open", () -> Files.createFile(Path.of("/build/open/new")));
        refused("writing the class", () -> Files.writeString(Path.of("/build/Inspect.class"), "x"));
        refused("writing in /build/open", () -> Files.writeString(Path.of("/build/open/file"), "x"));
        refused("removing the class", () -> Files.delete(Path.of("/build/Inspect.class")));
        System.out.println("the end, " + tries + " tries");
    }
}
