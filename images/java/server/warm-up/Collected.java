import java.util.*;
import java.util.function.*;
import java.util.stream.*;

public class Collected {
    private record Employee(String name, String team, int age, double salary) {}

    private static <K, V extends Comparable<V>> List<Map.Entry<K, V>> byValue(Map<K, V> map) {
        List<Map.Entry<K, V>> entries = new ArrayList<>(map.entrySet());
        entries.sort(Map.Entry.<K, V>comparingByValue().reversed());
        return entries;
    }

    public static void main(String[] args) {
        List<Employee> staff = new ArrayList<>();
        String[] teams = {"red", "green", "blue"};
        for (int i = 0; i < 30; i++) {
            staff.add(new Employee("e" + i, teams[i % teams.length], 20 + i, 1000.0 * i));
        }
        Map<String, Double> average = staff.stream()
                .collect(Collectors.groupingBy(Employee::team, TreeMap::new, Collectors.averagingDouble(Employee::salary)));
        average.forEach((team, salary) -> System.out.printf("%s: %.1f%n", team, salary));
        Map<Boolean, Long> old = staff.stream()
                .collect(Collectors.partitioningBy(e -> e.age() > 35, Collectors.counting()));
        Map<String, List<Employee>> teamsOf = new HashMap<>();
        for (Employee each : staff) teamsOf.computeIfAbsent(each.team(), key -> new LinkedList<>()).add(each);
        String names = staff.stream().filter(e -> e.salary() > 5000)
                .sorted(Comparator.comparing(Employee::team).thenComparing(Employee::age, Comparator.reverseOrder()))
                .map(Employee::name).distinct().limit(10).collect(Collectors.joining(", ", "[", "]"));
        Set<Integer> ages = staff.stream().map(Employee::age).collect(Collectors.toCollection(TreeSet::new));
        int sum = IntStream.rangeClosed(1, 100).filter(n -> n % 3 == 0).map(n -> n * n).sum();
        OptionalInt least = staff.stream().mapToInt(Employee::age).min();
        Map<Character, Integer> letters = new LinkedHashMap<>();
        for (char letter : names.toCharArray()) letters.merge(letter, 1, Integer::sum);
        PriorityQueue<int[]> queue = new PriorityQueue<>((a, b) -> a[1] != b[1] ? Integer.compare(a[1], b[1]) : a[0] - b[0]);
        queue.offer(new int[] {1, 2});
        BiFunction<Integer, Integer, Integer> add = (a, b) -> a + b;
        Supplier<Stream<String>> words = () -> Arrays.stream("to be or not to be".split(" "));
        long different = words.get().map(String::toUpperCase).distinct().count();
        System.out.println(names + ages + sum + least.orElse(-1) + byValue(letters).get(0) + queue.peek()[0]
                + add.andThen(n -> n * 2).apply(1, 2) + different + old + teamsOf.keySet());
    }
}
