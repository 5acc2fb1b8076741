function by_count_then_word(word_a, count_a, word_b, count_b) {
    if (count_a != count_b) {
        return count_b - count_a
    }
    return word_a < word_b ? -1 : 1
}

{
    for (i = 1; i <= NF; i++) {
        counts[$i]++
    }
}

END {
    PROCINFO["sorted_in"] = "by_count_then_word"
    for (word in counts) {
        print word, counts[word]
        letters += length(word)
    }
    printf "%d words, mean length %.2f\n", length(counts), letters / length(counts)
}
