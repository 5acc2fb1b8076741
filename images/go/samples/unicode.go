package main

import "fmt"

func main() {
	fmt.Println("Grüße, Жизнь, 世界 ☃ 🚀")
}
