import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt(), best = in.nextInt();
        while (--n > 0) best = Math.max(best, in.nextInt());
        System.out.println(best);
    }
}
