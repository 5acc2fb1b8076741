import java.util.*;

public class Wrong {
    int missing() {
        List<String> names = new ArrayList();
        int size = names;
        return undefined + names.length() + size;
    }
}
