using System;
using System.Linq;
using System.Threading.Tasks;

class Program {
    const int Workers = 4;

    static long Sum(int first) {
        long sum = 0;
        for (int n = first; n < 1000000; n += Workers) {
            sum += n;
        }
        return sum;
    }

    static void Main() {
        var tasks = Enumerable.Range(0, Workers)
            .Select(first => Task.Factory.StartNew(() => Sum(first), TaskCreationOptions.LongRunning))
            .ToArray();
        Console.WriteLine($"{Workers} workers: {tasks.Sum(task => task.Result)}");
    }
}
