package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
)

func main() {
	counts := map[string]int{}
	words := bufio.NewScanner(os.Stdin)
	words.Split(bufio.ScanWords)
	for words.Scan() {
		counts[words.Text()]++
	}
	var sorted []string
	letters := 0
	for word := range counts {
		sorted = append(sorted, word)
		letters += len(word)
	}
	sort.Slice(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		if counts[a] != counts[b] {
			return counts[a] > counts[b]
		}
		return a < b
	})
	for _, word := range sorted {
		fmt.Println(word, counts[word])
	}
	fmt.Printf("%d words, mean length %.2f\n", len(sorted), float64(letters)/float64(len(sorted)))
}
