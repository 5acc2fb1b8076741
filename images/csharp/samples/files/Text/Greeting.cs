namespace Text {
    static class Greeting {
        public static string To(string name) => $"Hello, {name}!";
    }
}
