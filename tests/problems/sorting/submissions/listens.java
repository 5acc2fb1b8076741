import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        int n = in.nextInt();
        while (!in.next().equals("<")) n--;
        System.out.println("! " + n);
    }
}
