class Program {
    static void Main() {
        int number = "a string is no number";
    }
}
