package main

import "fmt"

func main() {
	for number := 1; number <= 15000; number++ {
		fmt.Println(number)
	}
}
