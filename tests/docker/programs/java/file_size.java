import java.io.FileOutputStream;

public class Main {
    public static void main(String[] args) throws Exception {
        try (FileOutputStream file = new FileOutputStream("big")) {
            while (true) file.write(new byte[1 << 20]);
        }
    }
}
