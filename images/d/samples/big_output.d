import std.stdio;

void main() {
    foreach (number; 1 .. 15_001) {
        writeln(number);
    }
}
