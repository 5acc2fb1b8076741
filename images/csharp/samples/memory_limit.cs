using System.Collections.Generic;

class Program {
    static void Main() {
        var blocks = new List<long[]>();
        for (;;) {
            var block = new long[100000];
            for (int i = 0; i < block.Length; i++) {
                block[i] = i;
            }
            blocks.Add(block);
        }
    }
}
