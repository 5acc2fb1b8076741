BEGIN {
    for (number = 1; number <= 15000; number++) {
        print number
    }
}
