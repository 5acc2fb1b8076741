using System;

class Program {
    static void Main() {
        for (string line; (line = Console.ReadLine()) != null;) {
            Console.WriteLine(line);
        }
    }
}
