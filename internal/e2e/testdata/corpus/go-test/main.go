package main

import "fmt"

func sum(xs ...int) int {
	n := 0
	for _, x := range xs {
		n += x
	}
	return n
}

func main() { fmt.Println(sum(1, 2, 3)) }
