BEGIN {
    text = "xxxxxxxxxxxxxxxx"
    while (1) {
        text = text text
        blocks[length(text)] = text
    }
}
