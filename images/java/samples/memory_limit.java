public class Main {
    public static void main(String[] args) {
        long[] numbers = new long[100_000_000];
        System.out.println(numbers.length);
    }
}
