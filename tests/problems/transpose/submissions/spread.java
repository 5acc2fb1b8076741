import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int r = in.nextInt(), c = in.nextInt();
        String[][] table = new String[r][c];
        for (String[] row : table)
            for (int j = 0; j < c; j++) row[j] = in.next();
        for (int j = 0; j < c; j++)
            for (int i = 0; i < r; i++) System.out.print("\n\t  " + table[i][j] + " \r\n");
    }
}
