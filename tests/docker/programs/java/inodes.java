import java.nio.file.Files;
import java.nio.file.Path;

public class Main {
    public static void main(String[] args) throws Exception {
        for (int number = 0; number < 1_000_000; number++) Files.createFile(Path.of("file" + number));
    }
}
