public class Main {
    public static void main(String[] args) {
        System.err.println("something went wrong");
        System.exit(3);
    }
}
