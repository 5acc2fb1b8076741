import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;

public class Main {
    public static void main(String[] args) throws Exception {
        List<FileInputStream> held = new ArrayList<>();
        while (true) held.add(new FileInputStream("/dev/null"));
    }
}
