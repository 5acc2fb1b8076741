/*
 * Class: proc, frames, identity
 * Attacks: what a JVM can open: the agent's files in /proc, by several ways there; passwords; the
 *   engine's socket; other processes, to look at and to end.
 * Invariant: no program can read the agent, write to its channel, or end it.
 * Allowed: accepted
 * With: Attack.java
 * Tries: 24
 */
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

public class LookAround {
    public static void main(String[] args) throws Exception {
        for (String way : new String[] {"/proc/1/", "/proc/self/../1/", "/proc/1/task/1/"})
            for (String name : new String[] {"environ", "mem", "maps", "fd/0", "fd/1"})
                Attack.refused("read " + way + name, () -> new FileInputStream(way + name).read());
        Attack.refused("write /proc/1/fd/1", () -> new FileOutputStream("/proc/1/fd/1"));
        Attack.refused("write /proc/1/mem", () -> new RandomAccessFile("/proc/1/mem", "rw"));
        Attack.refused("list /proc/1/fd", () -> Files.newDirectoryStream(Path.of("/proc/1/fd")));
        Attack.refused("follow /proc/1/exe", () -> Files.readSymbolicLink(Path.of("/proc/1/exe")));
        Attack.refused("read /etc/shadow", () -> Files.readString(Path.of("/etc/shadow")));
        Attack.refused("write its own class", () -> new FileOutputStream("/build/LookAround.class"));
        Attack.works("no socket of the engine's", !Files.exists(Path.of("/var/run/docker.sock")));
        ProcessHandle agent = ProcessHandle.of(1).orElseThrow();
        Attack.works("the agent does not end", !agent.destroy() && !agent.destroyForcibly());
        Attack.works("it is alive", agent.isAlive());
        Attack.theEnd();
    }
}
