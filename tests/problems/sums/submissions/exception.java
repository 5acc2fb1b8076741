import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        long sum = in.nextLong();
        for (int i = 1; i < n; i++) sum += in.nextLong();
        System.out.println(sum);
    }
}
