public class Main {
    public static void main(String[] args) {
        for (long turn = 0;; turn++) {
            if (turn < 0) {
                System.out.println(turn);
            }
        }
    }
}
