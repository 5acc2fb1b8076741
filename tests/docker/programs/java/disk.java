import java.nio.file.Files;
import java.nio.file.Path;

public class Main {
    public static void main(String[] args) throws Exception {
        byte[] block = new byte[1 << 20];
        for (int number = 0; number < 1000; number++) Files.write(Path.of("file" + number), block);
    }
}
