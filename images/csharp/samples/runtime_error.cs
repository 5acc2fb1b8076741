using System;

class Program {
    static int Main() {
        Console.Error.WriteLine("giving up");
        return 3;
    }
}
