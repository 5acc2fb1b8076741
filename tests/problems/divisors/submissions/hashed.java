import java.util.HashSet;
import java.util.Scanner;
import java.util.Set;

public class Main {
    public static void main(String[] args) {
        long n = new Scanner(System.in).nextLong();
        Set<String> found = new HashSet<>();
        for (long d = 1; d * d <= n; d++)
            if (n % d == 0) {
                found.add("" + d);
                found.add("" + n / d);
            }
        for (String d : found) System.out.println(d);
    }
}
