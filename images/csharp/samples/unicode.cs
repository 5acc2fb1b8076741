using System;

class Program {
    static void Main() {
        Console.WriteLine("Grüße, Жизнь, 世界 ☃ 🚀");
    }
}
