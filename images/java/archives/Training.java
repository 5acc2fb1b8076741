import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.text.DecimalFormat;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;
import java.util.concurrent.locks.*;
import java.util.function.*;
import java.util.regex.*;
import java.util.stream.*;

/** What programs of an online judge touch: run while the JVM writes down which classes it loads. */
public class Training {
    record Point(int x, int y) {
        Point {
            if (x < -1000) throw new IllegalArgumentException("x");
        }
    }

    sealed interface Shape permits Circle, Square {}
    record Circle(double radius) implements Shape {}
    record Square(double side) implements Shape {}

    enum Colour { RED, GREEN, BLUE }

    static class Node<T extends Comparable<T>> {
        T value;
        Node<T> left, right;
        Node(T value) { this.value = value; }
    }

    static class TrainingException extends RuntimeException {
        TrainingException(String message, Throwable cause) { super(message, cause); }
    }

    public static void main(String[] args) throws Exception {
        reading();
        collections();
        streams();
        texts();
        numbers();
        times();
        threads();
        types();
        failures();
    }

    static void reading() throws IOException {
        Scanner scanner = new Scanner(System.in);
        int n = scanner.nextInt();
        long sum = scanner.nextLong() + n;
        double real = scanner.nextDouble();
        scanner.nextLine();
        String line = scanner.hasNextLine() ? scanner.nextLine() : "";
        BufferedReader reader = new BufferedReader(new InputStreamReader(System.in));
        StringTokenizer tokens = new StringTokenizer(line + " " + reader.readLine());
        while (tokens.hasMoreTokens()) sum += tokens.nextToken().length();
        for (String word : new BufferedReader(new StringReader("a b\nc")).readLine().split(" ")) sum += word.length();
        PrintWriter out = new PrintWriter(System.out);
        out.println(sum + " " + real);
        out.printf("%d %5.2f %s %x%n", n, real, line, 255);
        out.flush();
    }

    static void collections() {
        List<Integer> list = new ArrayList<>(List.of(5, 3, 1));
        Collections.sort(list);
        list.sort(Comparator.reverseOrder());
        Collections.reverse(list);
        list.removeIf(x -> x > 4);
        Map<String, List<Integer>> map = new HashMap<>();
        for (int i = 0; i < 100; i++) map.computeIfAbsent("k" + i % 7, k -> new LinkedList<>()).add(i);
        Map<String, Integer> counts = new TreeMap<>(Comparator.reverseOrder());
        map.forEach((k, v) -> counts.merge(k, v.size(), Integer::sum));
        for (Map.Entry<String, Integer> entry : counts.entrySet()) list.add(entry.getValue());
        Map<Integer, String> ordered = new LinkedHashMap<>();
        ordered.putIfAbsent(1, "one");
        ordered.getOrDefault(2, "none");
        Set<Integer> set = new HashSet<>(list);
        set.addAll(new TreeSet<>(list));
        set.retainAll(new LinkedHashSet<>(list));
        PriorityQueue<int[]> queue = new PriorityQueue<>((a, b) -> Integer.compare(a[0], b[0]));
        queue.add(new int[] {2, 1});
        queue.offer(new int[] {1, 2});
        Deque<Integer> deque = new ArrayDeque<>();
        deque.push(queue.poll()[0]);
        deque.addLast(1);
        Stack<Integer> stack = new Stack<>();
        stack.push(1);
        Queue<Integer> waiting = new LinkedList<>(list);
        waiting.poll();
        BitSet bits = new BitSet(100);
        bits.set(3);
        EnumMap<Colour, Integer> colours = new EnumMap<>(Colour.class);
        colours.put(Colour.RED, Colour.valueOf("RED").ordinal());
        Iterator<Integer> iterator = list.iterator();
        while (iterator.hasNext()) if (iterator.next() == 3) iterator.remove();
        Integer[] boxed = {3, 1, 2};
        Arrays.sort(boxed, Collections.reverseOrder());
        int[] plain = {3, 1, 2};
        Arrays.sort(plain);
        Arrays.fill(new long[10], 1L);
        List<Integer> fixed = Arrays.asList(boxed);
        System.out.println(map.size() + " " + counts + set + deque + stack + bits + colours + fixed
            + Arrays.toString(plain) + Arrays.deepToString(new int[2][2]) + Arrays.hashCode(plain)
            + Collections.max(list) + Collections.unmodifiableList(list) + ordered + waiting
            + Map.of("a", 1) + Set.of(1) + List.copyOf(list) + Arrays.binarySearch(plain, 2));
    }

    static void streams() {
        List<String> words = new ArrayList<>(List.of("pear", "apple", "fig", "apple"));
        System.out.println(words.stream().filter(w -> w.length() > 3).map(String::toUpperCase).sorted().distinct().toList());
        System.out.println("" + words.stream().collect(Collectors.groupingBy(String::length, TreeMap::new, Collectors.counting())));
        System.out.println("" + words.stream().collect(Collectors.partitioningBy(w -> w.startsWith("a"))));
        System.out.println("" + words.stream().collect(Collectors.toMap(w -> w, String::length, Integer::sum, LinkedHashMap::new)));
        System.out.println(words.stream().sorted(Comparator.comparing(String::length).thenComparing(Comparator.naturalOrder())).collect(Collectors.joining(", ", "[", "]")));
        System.out.println(IntStream.rangeClosed(1, 10).filter(i -> i % 2 == 0).mapToObj(Integer::toString).collect(Collectors.joining(",")));
        System.out.println(IntStream.range(0, 10).map(i -> i * i).sum() + " " + IntStream.of(1, 2).boxed().reduce(0, Integer::sum));
        System.out.println(words.stream().mapToInt(String::length).summaryStatistics() + " " + words.stream().mapToInt(String::length).average().orElse(0));
        System.out.println(Stream.iterate(1, x -> x * 2).limit(5).skip(1).map(x -> new Point(x, x)).map(Point::toString).collect(Collectors.toList()));
        System.out.println(words.stream().flatMap(w -> w.chars().mapToObj(c -> (char) c)).collect(Collectors.toSet()).size());
        System.out.println(words.stream().anyMatch("fig"::equals) + " " + words.stream().max(Comparator.naturalOrder()).get() + " " + words.stream().findFirst().map(String::length).orElseThrow());
        System.out.println(LongStream.rangeClosed(1, 5).reduce(1, (a, b) -> a * b) + " " + DoubleStream.of(1, 2).max().getAsDouble());
        System.out.println(Arrays.stream(new int[] {1, 2, 3}).mapToObj(i -> "n" + i).toList() + " " + "abc".chars().filter(Character::isLetter).count());
        sources(words);
        Function<Integer, Integer> twice = x -> 2 * x;
        BiFunction<Integer, Integer, Integer> add = Integer::sum;
        Supplier<List<String>> fresh = ArrayList::new;
        UnaryOperator<String> trim = String::trim;
        Predicate<String> empty = String::isEmpty;
        System.out.println(twice.andThen(x -> x + 1).compose(twice).apply(3) + add.apply(1, 2) + fresh.get().size() + trim.apply(" a ") + empty.negate().test(""));
        words.parallelStream().map(String::length).forEachOrdered(x -> {});
    }

    /** A stream of whatever there is: each collection has classes of its own for it. */
    static void sources(List<String> words) {
        Map<String, List<Integer>> map = new HashMap<>();
        for (String word : words) map.computeIfAbsent(word, k -> new ArrayList<>()).add(word.length());
        for (Map<String, List<Integer>> each : List.of(map, new TreeMap<>(map), new LinkedHashMap<>(map))) {
            System.out.println(each.entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<String, List<Integer>> e) -> e.getValue().size()).reversed().thenComparing(Map.Entry.comparingByKey()))
                .limit(2).map(e -> e.getKey() + ": " + e.getValue().size()).collect(Collectors.joining(", ")));
            System.out.println(each.keySet().stream().sorted(Comparator.reverseOrder()).findFirst().get() + each.values().stream().mapToInt(List::size).max().getAsInt());
            each.entrySet().removeIf(e -> e.getValue().isEmpty());
            each.entrySet().forEach(e -> e.setValue(List.of()));
            each.replaceAll((k, v) -> v);
        }
        System.out.println(map.entrySet().stream().max(Map.Entry.comparingByKey()).get().getKey() + map.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> 1)).size());
        for (Collection<String> each : List.of(new ArrayDeque<>(words), new LinkedList<>(words), new HashSet<>(words), new TreeSet<>(words), new LinkedHashSet<>(words), new PriorityQueue<>(words), new Stack<String>(), Arrays.asList("a"))) {
            System.out.println(each.stream().map(String::valueOf).distinct().sorted(Comparator.reverseOrder()).limit(5).collect(Collectors.joining(", ", "[", "]")));
            each.forEach(w -> {});
        }
        System.out.println(words.stream().distinct().count() + " " + words.stream().peek(w -> {}).takeWhile(w -> w.length() > 1).noneMatch(String::isEmpty) + words.stream().collect(Collectors.summingInt(String::length))
            + words.stream().collect(Collectors.averagingInt(String::length)) + words.stream().collect(Collectors.groupingBy(w -> w.charAt(0), Collectors.mapping(w -> w, Collectors.toList())))
            + words.stream().collect(Collectors.collectingAndThen(Collectors.toList(), List::size)) + words.stream().min(Comparator.comparingLong(String::length).reversed()).get()
            + words.stream().collect(Collectors.summingLong(String::length)) + words.stream().collect(Collectors.summingDouble(String::length)));
        System.out.println(new Random(1).ints(5, 0, 10).boxed().sorted(Collections.reverseOrder(Comparator.<Integer>naturalOrder())).toList() + " " + Arrays.stream(new long[] {1}).sum() + Arrays.stream("b a".split(" ")).sorted().toList() + Stream.of(1, 2).mapToDouble(x -> x).sum() + Stream.concat(Stream.of(1), Stream.of(2)).count() + IntStream.range(0, 3).distinct().sorted().asLongStream().count() + IntStream.iterate(1, x -> x + 1).limit(3).mapToLong(x -> x).sum());
    }

    static void texts() {
        StringBuilder builder = new StringBuilder();
        for (int i = 0; i < 5; i++) builder.append(i).append(',').append('x').append(1.5).append(2L);
        builder.insert(0, "a").reverse().deleteCharAt(0).setCharAt(0, 'b');
        Matcher matcher = Pattern.compile("(\\w+)@(?<host>[a-z.]+)").matcher("me@example.org, you@example.com");
        while (matcher.find()) builder.append(matcher.group(1)).append(matcher.group("host"));
        String text = String.format("%05d|%-8s|%8.3f|%,d|%c|%b|%e", 42, "left", Math.PI, 1234567, 'c', true, 1e9);
        System.out.println(text + " " + String.join("-", List.of("a", "b")) + "a,b,,c".split(",").length + "x".repeat(3) + " s ".strip()
            + "a1b2".replaceAll("[0-9]", "#") + "Hello".substring(1, 3).toLowerCase() + "abc".contains("b") + "abc".indexOf('c') + "b".compareTo("a"));
        System.out.println("""
            a text block
            """ + builder.length() + Arrays.toString("héllo wörld ☃".toCharArray()) + new String(new char[] {'a'}) + Integer.parseInt("12")
            + Double.parseDouble("1.5") + Long.valueOf(3) + Integer.toBinaryString(5) + Integer.toHexString(255) + Character.getNumericValue('7') + "a\nb".lines().count());
        System.err.println("to stderr");
    }

    static void numbers() {
        BigInteger big = BigInteger.valueOf(2).pow(100).multiply(new BigInteger("12345678901234567890")).mod(BigInteger.TEN.pow(9));
        BigDecimal exact = new BigDecimal("10").divide(new BigDecimal("3"), 20, RoundingMode.HALF_UP).setScale(5, RoundingMode.DOWN);
        Random random = new Random(42);
        System.out.println(big.gcd(BigInteger.ONE) + " " + big.modPow(big, BigInteger.valueOf(97)) + " " + exact + " " + random.nextInt(10) + random.nextDouble() + " "
            + Math.sqrt(2) + Math.pow(2, 10) + Math.floorMod(-1, 5) + Math.abs(-1.5) + Math.round(2.5) + Long.MAX_VALUE + Integer.bitCount(7) + " " + new DecimalFormat("#.##").format(3.14159));
    }

    static void times() {
        LocalDate date = LocalDate.of(2024, 2, 29).plusYears(1);
        LocalDateTime time = date.atTime(12, 30);
        long start = System.nanoTime() + System.currentTimeMillis();
        System.out.println(date.getDayOfWeek() + " " + time.format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm")) + " " + Duration.ofSeconds(90) + (start > 0) + LocalDate.parse("2024-01-01"));
    }

    static void threads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        Future<Integer> future = pool.submit(() -> 1);
        List<Callable<Integer>> calls = List.of(() -> 1, () -> 2);
        AtomicInteger counter = new AtomicInteger(future.get());
        for (Future<Integer> done : pool.invokeAll(calls)) counter.addAndGet(done.get());
        pool.shutdown();
        pool.awaitTermination(1, TimeUnit.SECONDS);
        CompletableFuture.supplyAsync(counter::get).thenApply(x -> x + 1).thenAccept(x -> {}).join();
        Thread thread = new Thread(() -> { synchronized (counter) { counter.incrementAndGet(); } });
        thread.start();
        thread.join();
        ReentrantLock lock = new ReentrantLock();
        Condition condition = lock.newCondition();
        lock.lock();
        try { condition.signalAll(); } finally { lock.unlock(); }
        CountDownLatch latch = new CountDownLatch(1);
        latch.countDown();
        latch.await();
        ConcurrentHashMap<String, LongAdder> map = new ConcurrentHashMap<>();
        map.computeIfAbsent("a", k -> new LongAdder()).increment();
        BlockingQueue<Integer> queue = new LinkedBlockingQueue<>();
        queue.put(1);
        Semaphore permits = new Semaphore(1);
        permits.acquire();
        ThreadLocal.withInitial(() -> 1).get();
        Thread.sleep(1);
        System.out.println(map + " " + queue.take() + counter + new AtomicLong(1).incrementAndGet() + new CopyOnWriteArrayList<>(List.of(1)));
    }

    static void types() {
        for (Shape shape : List.of(new Circle(1), new Square(2))) {
            double area = shape instanceof Circle circle ? Math.PI * circle.radius() : ((Square) shape).side();
            System.out.println(shape + " " + area + " " + shape.equals(new Square(2)) + shape.hashCode());
        }
        for (Colour colour : Colour.values()) {
            switch (colour) {
                case RED -> System.out.print("r");
                default -> System.out.print(colour.name());
            }
        }
        Node<Integer> root = new Node<>(3);
        root.left = new Node<>(1);
        Object[] things = {1, 'c', 2.5, "text", root, new int[0], Optional.of(1), Objects.hash(1, 2)};
        for (Object thing : things) System.out.print(thing.getClass().getSimpleName() + " ");
        Runnable anonymous = new Runnable() {
            @Override
            public void run() { System.out.println(this.getClass().isAnonymousClass()); }
        };
        anonymous.run();
        var text = switch ("b") { case "a" -> 1; case "b" -> { yield 2; } default -> 3; };
        System.out.println(text + " " + Objects.equals(root, null) + Objects.requireNonNull(root).value);
    }

    static void failures() {
        Runnable[] failing = {
            () -> { throw new IllegalStateException("state"); },
            () -> System.out.println(1 / new int[1].length + 1 / new ArrayList<Integer>().size()),
            () -> System.out.println(List.of().get(0)),
            () -> System.out.println(Integer.parseInt("x")),
            () -> System.out.println(((Object) "text" instanceof Integer) ? 1 : (Integer) (Object) "text"),
            () -> System.out.println(((String) null).length()),
            () -> new ArrayDeque<Integer>().pop(),
            () -> { for (Integer x : new ArrayList<>(List.of(1, 2, 3)) {{ iterator(); }}) List.of(x).add(1); },
        };
        for (Runnable run : failing) {
            try {
                run.run();
            } catch (ArithmeticException | IndexOutOfBoundsException | NumberFormatException error) {
                System.out.println(error.getMessage());
            } catch (RuntimeException error) {
                new TrainingException("wrapped", error).printStackTrace();
            } finally {
                System.out.flush();
            }
        }
        try (Scanner scanner = new Scanner("x")) {
            scanner.nextInt();
        } catch (InputMismatchException error) {
            throw new TrainingException("the end", error); /* as a program ends that nothing catches */
        }
    }
}
