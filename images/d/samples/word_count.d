import std.algorithm, std.array, std.stdio;

void main() {
    int[string] counts;
    foreach (line; stdin.byLineCopy) {
        foreach (word; line.split) {
            counts[word]++;
        }
    }
    auto words = counts.keys.sort!((a, b) => counts[a] != counts[b] ? counts[a] > counts[b] : a < b);
    size_t letters;
    foreach (word; words) {
        writeln(word, " ", counts[word]);
        letters += word.length;
    }
    writefln("%d words, mean length %.2f", words.length, cast(double) letters / words.length);
}
