using System;

class Program {
    static void Main() {
        Console.WriteLine(Text.Greeting.To("files"));
    }
}
