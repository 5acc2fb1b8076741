import std.stdio;

void main() {
    writeln("Grüße, Жизнь, 世界 ☃ 🚀");
}
