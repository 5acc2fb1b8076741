import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * javac, started before there is anything to compile: docs/reference/agent-protocol.md, "The
 * prepared compiler". It compiles once, as the javac command would, and ends.
 *
 * <p>Where its answer could be another than the command's, it declines, and the command is executed
 * after all: for options it doesn't know to be harmless, for anything that could make javac run code
 * of the submission (so none of that ever runs in here), and for every end but "compiled" and "did
 * not compile". It writes nothing before it knows that.
 *
 * <p>Its arguments: a folder of sources to warm up with, then those -J options that the command
 * always has.
 */
public final class CompileServer {
    private static final int DECLINED = 75;
    private static final int COMPILED = 0;
    private static final int REFUSED = 1;
    private static final int WARM_UPS = 3;

    /**
     * Less than javac's main thread has (1 MB): code that is compiled by now takes smaller frames
     * than the command's, which is not, so what overflows there must not get through here.
     */
    private static final long STACK_BYTES = 256 * 1024;

    private static final Set<String> OPTIONS =
            Set.of(
                    "-g", "-nowarn", "-deprecation", "-parameters", "-Werror", "-Xlint",
                    "-proc:none", "--enable-preview");
    private static final List<String> OPTION_PREFIXES =
            List.of("-g:", "-Xlint:", "-Xdiags:", "-implicit:");
    private static final Set<String> OPTIONS_WITH_VALUE =
            Set.of(
                    "-encoding", "-source", "--source", "-target", "--target", "--release",
                    "-Xmaxerrs", "-Xmaxwarns");

    private final Set<String> launcherOptions;

    private CompileServer(Set<String> launcherOptions) {
        this.launcherOptions = launcherOptions;
    }

    public static void main(String[] arguments) throws Exception {
        int status = DECLINED;
        // The command's launcher sets it: without, the class path would be ours, not the folder.
        System.setProperty("application.home", System.getProperty("java.home"));
        try {
            warmUp(Path.of(arguments[0]));
            System.gc(); // it may wait for long: what warming up took is given back
            say(new byte[] {'.'}, FileDescriptor.out);
            Set<String> known = Set.of(Arrays.copyOfRange(arguments, 1, arguments.length));
            status = new CompileServer(known).serve(readArguments());
        } finally {
            // At once: there is nothing to be finished, and no error is to be printed.
            Runtime.getRuntime().halt(status);
        }
    }

    private int serve(List<String> command) throws Exception {
        List<String> arguments = withoutLauncherOptions(command);
        if (!isHarmless(arguments) || new File("META-INF").exists()) {
            return DECLINED;
        }
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        int status = compile(arguments, output);
        if (status != COMPILED && status != REFUSED) {
            return DECLINED;
        }
        say(output.toByteArray(), FileDescriptor.err);
        return status;
    }

    /** What reaches javac of its command line; others than the known ones are left to be refused. */
    private List<String> withoutLauncherOptions(List<String> command) {
        List<String> arguments = new ArrayList<>(command.subList(1, command.size()));
        arguments.removeIf(launcherOptions::contains);
        return arguments;
    }

    private static boolean isHarmless(List<String> arguments) {
        for (int at = 0; at < arguments.size(); at++) {
            String argument = arguments.get(at);
            if (OPTIONS_WITH_VALUE.contains(argument)) {
                at++;
            } else if (argument.equals("-d")) {
                at++;
                if (at == arguments.size() || !arguments.get(at).equals(".")) {
                    return false;
                }
            } else if (!isFlag(argument) && !isSource(argument)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isFlag(String argument) {
        return OPTIONS.contains(argument)
                || OPTION_PREFIXES.stream().anyMatch(argument::startsWith);
    }

    private static boolean isSource(String argument) {
        return argument.endsWith(".java") && !argument.startsWith("-") && !argument.startsWith("@");
    }

    /** Runs javac as its command does, but into memory; returns its exit code, or DECLINED. */
    private static int compile(List<String> arguments, ByteArrayOutputStream output)
            throws InterruptedException {
        int[] status = {DECLINED};
        Runnable work =
                () -> {
                    try {
                        // With the default charset, as System.err has it.
                        PrintWriter writer = new PrintWriter(new OutputStreamWriter(output), true);
                        String[] all = arguments.toArray(new String[0]);
                        status[0] = com.sun.tools.javac.Main.compile(all, writer);
                        writer.flush();
                    } catch (Throwable failure) {
                        status[0] = DECLINED; // out of memory, for one
                    }
                };
        Thread thread = new Thread(null, work, "main", STACK_BYTES);
        thread.start();
        thread.join();
        return status[0];
    }

    /** u32 count, then each as u32 length and bytes; then nothing more comes. */
    private static List<String> readArguments() throws IOException {
        try (DataInputStream input = new DataInputStream(System.in)) {
            int count = input.readInt();
            List<String> arguments = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                arguments.add(new String(input.readNBytes(input.readInt()), StandardCharsets.UTF_8));
            }
            return arguments;
        }
    }

    /** Compiles what programs typically have, so that javac is loaded and partly compiled itself. */
    private static void warmUp(Path sources) throws Exception {
        Path output = Files.createTempDirectory("warm-up");
        try (Stream<Path> found = Files.list(sources)) {
            List<Path> files = found.sorted().toList();
            for (int i = 0; i < WARM_UPS; i++) {
                for (Path file : files) {
                    List<String> command =
                            List.of("-encoding", "UTF-8", "-d", output.toString(), file.toString());
                    compile(command, new ByteArrayOutputStream());
                }
            }
        }
        try (Stream<Path> left = Files.walk(output)) {
            left.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
        }
    }

    private static void say(byte[] bytes, FileDescriptor where) throws IOException {
        new FileOutputStream(where).write(bytes);
    }
}
