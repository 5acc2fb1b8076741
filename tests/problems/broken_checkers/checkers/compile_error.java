public class Main {
    public static void main(String[] args) {
        String exitCode = 0;
        System.exit(exitCode);
    }
}
