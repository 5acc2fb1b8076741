public class Main {
    public static void main(String[] args) {
        int sum = "0";
        System.out.println(sum);
    }
}
