import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int low = 1, high = in.nextInt();
        while (true) {
            int guess = (low + high) / 2;
            System.out.println(guess);
            System.out.flush();
            String answer = in.next();
            if (answer.equals("equal")) return;
            if (answer.equals("more")) low = guess + 1;
            else high = guess - 1;
        }
    }
}
