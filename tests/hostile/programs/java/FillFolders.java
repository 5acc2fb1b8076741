/*
 * Class: disk, inodes
 * Attacks: disk space and inodes: every folder that can be written to, with mapped files, channels
 *   and empty files.
 * Invariant: what a job can write is limited, in bytes and in number.
 * Allowed: accepted
 * Request: {"limits": {"memory_mb": 128}, "timeout": 10000}
 * With: Attack.java
 * Tries: 10
 * Hits: disk
 */
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

public class FillFolders {
    static long written;

    static Object fill(Path folder) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(1 << 16);
        for (int number = 0; ; number++)
            try (FileChannel file = FileChannel.open(folder.resolve("fill" + number), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                for (int i = 0; i < 16; i++, block.clear())
                    written += file.write(block);
            }
    }

    static Object litter(Path folder) throws IOException {
        for (int number = 0; number < 100_000; number++)
            Files.createFile(folder.resolve("empty" + number));
        return folder;
    }

    public static void main(String[] args) throws Exception {
        for (String folder : new String[] {"/work", "/tmp", "/dev/shm"}) {
            Attack.refused("more files in " + folder, () -> litter(Path.of(folder)));
            try (var files = Files.newDirectoryStream(Path.of(folder), "empty*")) {
                for (Path file : files)
                    Files.delete(file);
            }
            Attack.refused("more in " + folder, () -> fill(Path.of(folder)));
        }
        for (String folder : new String[] {"/build", "/etc", "/sandbox"})
            Attack.refused("anything in " + folder, () -> fill(Path.of(folder)), FileSystemException.class);
        Attack.works("something, and at most half of the memory", written > 4 << 20 && written <= 64 << 20);
        Attack.theEnd();
    }
}
