import java.io.*;
import java.util.*;
import java.util.function.*;
import java.util.stream.*;

public class Typical {
    interface Shape {
        double area();
    }

    record Circle(double radius) implements Shape {
        public double area() {
            return Math.PI * radius * radius;
        }
    }

    enum Colour { RED, GREEN, BLUE }

    static class Node<T extends Comparable<T>> {
        T value;
        Node<T> left, right;

        Node(T value) {
            this.value = value;
        }

        void insert(T other) {
            if (other.compareTo(value) < 0) {
                if (left == null) left = new Node<>(other); else left.insert(other);
            } else {
                if (right == null) right = new Node<>(other); else right.insert(other);
            }
        }
    }

    static int fibonacci(int n) {
        int[] memo = new int[Math.max(n + 1, 2)];
        memo[1] = 1;
        for (int i = 2; i <= n; i++) memo[i] = memo[i - 1] + memo[i - 2];
        return memo[n];
    }

    public static void main(String[] args) throws IOException {
        BufferedReader reader = new BufferedReader(new InputStreamReader(System.in));
        Map<String, Integer> counts = new TreeMap<>();
        String line;
        while ((line = reader.readLine()) != null) {
            for (String word : line.trim().split("\\s+")) counts.merge(word, 1, Integer::sum);
        }
        List<Shape> shapes = new ArrayList<>(List.of(new Circle(1), () -> 2.5));
        String text = shapes.stream().map(Shape::area).sorted(Comparator.reverseOrder())
                .map(area -> String.format("%.2f", area)).collect(Collectors.joining(", "));
        Map<Boolean, List<Integer>> parts = IntStream.rangeClosed(1, 20).boxed()
                .collect(Collectors.partitioningBy(n -> n % 2 == 0));
        Deque<int[]> queue = new ArrayDeque<>();
        queue.add(new int[] {0, fibonacci(10)});
        Function<Integer, Integer> twice = n -> n * 2;
        Optional<Integer> most = parts.get(true).stream().map(twice).max(Integer::compare);
        StringBuilder builder = new StringBuilder();
        for (Colour colour : Colour.values()) {
            switch (colour) {
                case RED -> builder.append("r");
                default -> builder.append(colour.ordinal());
            }
        }
        Node<String> root = new Node<>("m");
        counts.keySet().forEach(root::insert);
        try (Scanner scanner = new Scanner("1 2")) {
            long sum = 0;
            while (scanner.hasNextInt()) sum += scanner.nextInt();
            System.out.printf("%d %s %s %s%n", sum, text, builder.reverse(), most.orElse(0));
        } catch (IllegalStateException problem) {
            throw new RuntimeException("no: " + problem.getMessage(), problem);
        }
        Object some = queue.poll();
        if (some instanceof int[] pair && pair.length == 2) System.out.println(pair[0] + pair[1]);
    }
}
