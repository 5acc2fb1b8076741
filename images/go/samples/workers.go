package main

import (
	"fmt"
	"runtime"
)

const workers = 4

func main() {
	sums := make(chan int)
	for first := 0; first < workers; first++ {
		go func(first int) {
			runtime.LockOSThread()
			sum := 0
			for n := first; n < 1_000_000; n += workers {
				sum += n
			}
			sums <- sum
		}(first)
	}
	total := 0
	for i := 0; i < workers; i++ {
		total += <-sums
	}
	fmt.Printf("%d workers: %d\n", workers, total)
}
