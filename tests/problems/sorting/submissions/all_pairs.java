import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        int[] smaller = new int[n];
        for (int i = 1; i <= n; i++)
            for (int j = 1; j <= n; j++)
                if (i != j) {
                    System.out.println("? " + i + " " + j);
                    if (in.next().equals(">")) smaller[i - 1]++;
                }
        int[] order = new int[n];
        for (int i = 0; i < n; i++) order[smaller[i]] = i + 1;
        StringBuilder line = new StringBuilder("!");
        for (int i : order) line.append(" ").append(i);
        System.out.println(line);
    }
}
