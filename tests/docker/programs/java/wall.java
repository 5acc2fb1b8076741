public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println("going to sleep");
        Thread.sleep(60_000);
    }
}
