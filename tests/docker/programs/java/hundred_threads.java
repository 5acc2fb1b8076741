import java.util.concurrent.CountDownLatch;

public class Main {
    public static void main(String[] args) throws Exception {
        CountDownLatch all = new CountDownLatch(100);
        for (int number = 0; number < 100; number++) {
            new Thread(() -> {
                all.countDown();
                try {
                    all.await();
                } catch (InterruptedException ended) {
                    Thread.currentThread().interrupt();
                }
            }).start();
        }
        all.await();
        System.out.println("all at once");
    }
}
