void main() {
    int number = "a string is no number";
}
