import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        System.out.println("? 1 " + n);
        if (in.nextInt() < 0) System.out.println("! " + n);
    }
}
