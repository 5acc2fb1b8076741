import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) {
            double root = Math.sqrt(Double.parseDouble(in.next()));
            System.out.println(String.format("%.16E", root));
        }
    }
}
