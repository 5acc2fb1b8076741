/*
 * Attacks: nothing. It prints the class file that javac made of Evil.java, as base64.
 * Allowed outcomes: accepted.
 */
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

public class PrintClass {
    public static void main(String[] args) throws Exception {
        System.out.print(Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of("/build/Evil.class"))));
    }
}
