module text.greeting;

string greeting(string name) {
    return "Hello, " ~ name ~ "!";
}
