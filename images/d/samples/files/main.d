import std.stdio;
import text.greeting;

void main() {
    writeln(greeting("files"));
}
