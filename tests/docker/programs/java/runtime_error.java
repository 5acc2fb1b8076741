public class Main {
    public static void main(String[] args) {
        System.out.println("so far so good");
        throw new IllegalStateException("something is wrong");
    }
}
