using System;

class Program {
    static void Main() {
        for (;;) {
            Console.WriteLine("again and again");
        }
    }
}
