package text;

public final class Greeting {
    public static String to(String name) {
        return "Hello, " + name + "!";
    }
}
