using System;
using System.Linq;

class Program {
    static void Main() {
        var words = Console.In.ReadToEnd().Split((char[])null, StringSplitOptions.RemoveEmptyEntries);
        var groups = words.GroupBy(word => word)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .ToList();
        foreach (var group in groups) {
            Console.WriteLine($"{group.Key} {group.Count()}");
        }
        Console.WriteLine($"{groups.Count} words, mean length {groups.Average(group => group.Key.Length):F2}");
    }
}
