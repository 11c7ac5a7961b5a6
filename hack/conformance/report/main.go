// Command report reads the events of a run of BuildKit's Dockerfile tests
// (go tool test2json) and says what became of each test: a line per test as it
// ends, the output of those that failed, a summary.
//
// With a list, the tests on it must have run and passed: one that was skipped, or
// that no test is named after, fails the run, so a misspelt name cannot pass for
// a success. Without one, no test may fail.
//
// The exit code is 0 when all is well, 1 when a test failed, 2 when the events
// cannot be read.
//
//	go tool test2json ./dockerfile.test -test.v=test2json | report -logs DIR -list quick.txt
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

var errFailed = errors.New("tests failed")

func main() {
	list := flag.String("list", "", "file that names the tests that must pass")
	only := flag.String("only", ".", "regular expression that picks names of the list")
	pick := flag.String("pick", pickAttested, "tests of the list: attested, plain or any")
	logs := flag.String("logs", "", "folder for the whole output of failed tests, and times.txt")
	pattern := flag.Bool("pattern", false, "print the regular expression for the names of the list, and end")
	flag.Parse()
	tests, err := readList(*list, *only, *pick)
	switch {
	case err != nil:
	case *pattern:
		_, err = fmt.Println(expression(tests))
	case *logs == "":
		err = errors.New("report: no -logs")
	default:
		err = run(os.Stdin, os.Stdout, tests, *logs)
	}
	switch {
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(2)
	}
}

func run(in io.Reader, out io.Writer, tests []wanted, logs string) error {
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return err
	}
	started := time.Now()
	results, unread := collect(in, out)
	if err := errors.Join(results.writeLogs(logs), unread); err != nil {
		return err
	}
	problems := results.problems(tests)
	results.show(out, logs)
	for _, p := range problems {
		fmt.Fprintf(out, "%s\n", p)
	}
	verdict := "ok"
	if len(problems) > 0 {
		verdict = "FAIL"
	}
	n := results.count()
	fmt.Fprintf(out, "%s\t%d passed, %d failed, %d skipped in %.1fs\n",
		verdict, n[passed], n[failed], n[skipped], time.Since(started).Seconds())
	if len(problems) > 0 {
		return errFailed
	}
	return nil
}
