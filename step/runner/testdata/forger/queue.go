package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"
)

// floodQueue opens files as fast as it can, between two files that it really reads. It
// waits, if it is to, until the runner is stopped from outside: then nobody empties the
// queue of events.
func floodQueue(first, last, many, wait string) {
	read(first)
	if wait == "stopped" {
		for end := time.Now().Add(time.Minute); !stopped(); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				fmt.Println("nobody stops the runner")
				os.Exit(1)
			}
		}
	}
	names, err := os.ReadDir(many)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20_000 {
				if f, err := os.Open(many + "/" + names[rand.IntN(len(names))].Name()); err == nil {
					f.Close()
				}
			}
		})
	}
	all.Wait()
	read(last)
}

// stopped reports whether process 1 is (proc_pid_stat(5), field 3).
func stopped() bool {
	b, err := os.ReadFile("/proc/1/stat")
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "T")
}

func read(name string) {
	if _, err := os.ReadFile(name); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
