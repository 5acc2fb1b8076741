/* What attacks in Java are written with: a line per try, as attack.h describes them. */
import java.nio.file.AccessDeniedException;
import java.util.Map;

class Attack {
    interface Try { Object make() throws Throwable; }

    private static final Map<String, String> ERRORS = Map.of(
        "Permission denied", "EACCES", "Operation not permitted", "EPERM",
        "Read-only file system", "EROFS", "No space left on device", "ENOSPC",
        "Too many open files", "EMFILE", "File too large", "EFBIG");
    private static int tries;

    static void tell(String line) {
        tries++;
        System.out.println(line);
    }

    /** The attempt must fail, and say why in the words of strerror(3), or by the exception named. */
    static void refused(String what, Try attempt, Class<?>... reasons) {
        Object result;
        try {
            result = attempt.make();
        } catch (Throwable thrown) {
            String errno = thrown instanceof AccessDeniedException ? "EACCES" : errno(String.valueOf(thrown.getMessage()));
            for (Class<?> reason : reasons)
                if (reason.isInstance(thrown))
                    errno = "E" + reason.getSimpleName().replaceAll("[^A-Za-z]", "").toUpperCase();
            tell(errno == null ? "BROKEN: " + what + ": " + thrown : "refused: " + errno + " " + what);
            return;
        }
        tell("BROKEN: " + what + ": gave " + result);
    }

    private static String errno(String message) {
        return ERRORS.entrySet().stream().filter(e -> message.contains(e.getKey()))
            .map(Map.Entry::getValue).findFirst().orElse(null);
    }

    static void works(String what, boolean holds) {
        tell((holds ? "works: " : "BROKEN: ") + what);
    }

    static void theEnd() {
        System.out.println("the end, " + tries + " tries");
        System.out.flush();
    }
}
