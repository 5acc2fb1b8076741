import java.util.*;

/** What compilers are shown: the classes that say what is wrong are wanted too. */
public class Broken {
    static int missing(int x) { }
    interface Shape { double area(); }
    static class Square implements Shape {}
    public static void main(String[] args) {
        List<String> list = new ArrayList<>()
        int number = "text";
        undefined(number);
        String unused = list.get("0").lenght();
        final int once = 1; once = 2;
        int late; System.out.println(late);
        throw new Exception("unhandled");
    }
}
