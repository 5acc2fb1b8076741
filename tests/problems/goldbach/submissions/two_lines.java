import java.util.Scanner;

public class Main {
    static boolean isPrime(int n) {
        for (int d = 2; d * d <= n; d++) if (n % d == 0) return false;
        return n > 1;
    }

    public static void main(String[] args) {
        int n = new Scanner(System.in).nextInt();
        int p = n / 2;
        while (!isPrime(p) || !isPrime(n - p)) p--;
        System.out.println(p + "\n" + (n - p));
    }
}
