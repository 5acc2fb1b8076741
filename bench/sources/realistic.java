import java.util.*;
import java.util.stream.*;

public class Main {
    private record Sale(String region, int month, long amount) {}

    public static void main(String[] args) {
        Random random = new Random(42);
        List<String> regions = List.of("north", "east", "south", "west");
        List<Sale> sales = IntStream.range(0, 20_000)
                .mapToObj(i -> new Sale(regions.get(random.nextInt(4)), 1 + random.nextInt(12), random.nextInt(1000)))
                .collect(Collectors.toList());
        Map<String, Long> totals = sales.stream()
                .collect(Collectors.groupingBy(Sale::region, TreeMap::new, Collectors.summingLong(Sale::amount)));
        totals.forEach((region, total) -> System.out.println(region + " " + total));
        Map<Integer, List<Sale>> months = new HashMap<>();
        for (Sale sale : sales) {
            months.computeIfAbsent(sale.month(), month -> new ArrayList<>()).add(sale);
        }
        months.entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<Integer, List<Sale>> e) -> e.getValue().size()).reversed())
                .limit(3)
                .forEach(e -> System.out.println(e.getKey() + ": " + e.getValue().size()));
        Deque<Long> best = new ArrayDeque<>();
        sales.stream().map(Sale::amount).distinct().sorted(Comparator.reverseOrder()).limit(5).forEach(best::push);
        System.out.println(best.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]")));
    }
}
