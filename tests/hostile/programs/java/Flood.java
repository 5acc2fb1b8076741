/*
 * Class: output
 * Attacks: the orchestrator, with output from many threads, on both streams, past the JVM's own locks.
 * Invariant: what a program prints is capped where it is printed, each stream by itself.
 * Allowed: output_limit/output
 * Request: {"timeout": 10000}
 */
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;

public class Flood {
    public static void main(String[] args) {
        byte[] block = new byte[1 << 16];
        for (int i = 0; i < 8; i++) {
            FileDescriptor stream = i % 2 == 0 ? FileDescriptor.out : FileDescriptor.err;
            new Thread(() -> {
                try (FileOutputStream out = new FileOutputStream(stream)) {
                    while (true)
                        out.write(block);
                } catch (IOException closed) {
                    System.exit(1);
                }
            }).start();
        }
    }
}
