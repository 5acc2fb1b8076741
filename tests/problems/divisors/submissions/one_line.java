import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        long n = new Scanner(System.in).nextLong();
        StringBuilder line = new StringBuilder();
        for (long d = 1; d * d <= n; d++)
            if (n % d == 0) line.append(d).append(d * d < n ? " " + n / d + " " : "");
        System.out.println(line);
    }
}
