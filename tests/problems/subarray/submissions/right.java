import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        int sum = in.nextInt(), best = sum;
        while (--n > 0) {
            sum = Math.max(sum, 0) + in.nextInt();
            best = Math.max(best, sum);
        }
        System.out.println(best);
    }
}
