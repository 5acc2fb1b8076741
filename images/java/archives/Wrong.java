import java.util.*;

/** Well formed, and wrong in what it means. */
public class Wrong {
    static int missing(int x) { if (x > 0) return 1; }
    interface Shape { double area(); }
    static class Square implements Shape {}
    static void raw(List list) { list.add(1); new Integer(3); }
    public static void main(String[] args) {
        int number = "text";
        undefined(number);
        String unused = List.of("a").get("0").lenght();
        final int once = 1; once = 2;
        int late; System.out.println(late);
        for (String s : Map.of(1, 2)) { }
        while (true) { }
        System.out.println(new Shape());
    }
    void thrower() { throw new Exception("unhandled"); }
}
