// Command rulepages writes what docs/ says of each rule from the table in frontend/rules:
// the list in docs/rules.md, and the head of each page in docs/rules/. The rest of the
// pages is written by hand. A test fails when a page is missing, is of no rule, lacks a
// section, or is not what this program writes.
//
//	go run ./hack/rulepages docs
package main

import (
	"fmt"
	"os"
)

//go:generate go run . ../../docs

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: rulepages DOCS")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: rulepages: %v\n", err)
		os.Exit(1)
	}
}

func write(docs string) error {
	files, err := pages(docs)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
