import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        String all = "";
        while (in.hasNextLine()) {
            String line = in.nextLine();
            if (!line.isEmpty()) all = line + (all.isEmpty() ? "" : "\n") + all;
        }
        System.out.print(all);
    }
}
