public class Main {
    public static void main(String[] args) throws Exception {
        new ProcessBuilder("kill", "-9", "" + ProcessHandle.current().pid()).start().waitFor();
        Thread.sleep(60_000);
    }
}
