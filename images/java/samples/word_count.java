import java.util.*;
import java.util.stream.*;

public class WordCount {
    private record Entry(String word, long count) {}

    public static void main(String[] args) {
        Map<String, Long> counts = new HashMap<>();
        Scanner in = new Scanner(System.in);
        while (in.hasNext()) {
            counts.merge(in.next(), 1L, Long::sum);
        }
        List<Entry> sorted = counts.entrySet().stream()
                .map(e -> new Entry(e.getKey(), e.getValue()))
                .sorted(Comparator.comparingLong(Entry::count).reversed().thenComparing(Entry::word))
                .collect(Collectors.toList());
        sorted.forEach(e -> System.out.println(e.word() + " " + e.count()));
        double mean = sorted.stream().mapToInt(e -> e.word().length()).average().orElse(0);
        System.out.printf("%d words, mean length %.2f%n", sorted.size(), mean);
    }
}
