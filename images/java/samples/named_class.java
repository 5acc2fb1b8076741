// Not this one: public class Comment {
/* nor public class Another { */
class Greeter {
    static final String TEXT = "public class Quoted {";

    public class Inner {}

    String in(Class<?> place) {
        return getClass().getSimpleName() + " in " + place.getSimpleName();
    }
}

public final class Application {
    public static void main(String[] args) {
        System.out.println(new Greeter().in(Application.class));
    }
}
