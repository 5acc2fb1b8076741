/** What the editor starts with. */
export const SAMPLES = {
  c: `#include <stdio.h>

int main(void) {
    long a, b;
    while (scanf("%ld %ld", &a, &b) == 2)
        printf("%ld\\n", a + b);
    return 0;
}
`,
  cpp: `#include <iostream>

int main() {
    long a, b;
    while (std::cin >> a >> b)
        std::cout << a + b << std::endl;
}
`,
  java: `import java.util.Scanner;

public class Main {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        while (in.hasNextLong())
            System.out.println(in.nextLong() + in.nextLong());
    }
}
`,
  python: `import sys

for line in sys.stdin:
    print(sum(map(int, line.split())))
`,
};

export const INPUT = "1 2\n";
export const TESTS = [
  { input: "1 2\n", expected: "3\n" },
  { input: "20 22\n", expected: "42\n" },
];
