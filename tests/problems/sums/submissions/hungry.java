import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        long sum = 0;
        for (int i = 0; i < n; i++) sum += in.nextLong();
        List<byte[]> kept = new ArrayList<>();
        for (long left = sum; left > 0; left -= 8 << 20) kept.add(new byte[8 << 20]);
        System.out.println(sum);
    }
}
