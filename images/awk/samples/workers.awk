BEGIN {
    workers = 4
    for (i = 0; i < workers; i++) {
        commands[i] = "gawk 'BEGIN { for (n = " i "; n < 1000000; n += " workers ") sum += n; print sum }'"
        print "" |& commands[i]
    }
    for (i = 0; i < workers; i++) {
        commands[i] |& getline sum
        total += sum
    }
    printf "%d workers: %d\n", workers, total
}
