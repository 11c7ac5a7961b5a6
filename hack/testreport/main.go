// Command testreport reads what `go test -json` prints and says it short: one
// line per package, all output of tests and builds that failed, the skipped tests
// with their reasons, and which tests took longest. It exits 1 when something failed or
// when nothing ran.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	skips := flag.String("skips", "", "file to add skips to")
	failures := flag.String("failures", "", "file to add excerpts of failed tests to")
	flag.Parse()
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: read test events: %v\n", err)
		os.Exit(2)
	}
	if err := r.finish(*skips, *failures); err != nil {
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(1)
	}
}
