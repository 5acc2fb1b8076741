using System;

class Program {
    static void Main() {
        for (int number = 1; number <= 15000; number++) {
            Console.WriteLine(number);
        }
    }
}
