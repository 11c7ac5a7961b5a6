// Command sworn-step is the first process of every observed RUN: it runs the
// step's command, which its own arguments are, watches what it opens and writes
// the record. Package runner does the work; the frontend configures it through
// the environment (package step).
package main

import (
	"context"
	"errors"
	"os"

	"github.com/sworn-build/sworn/step/runner"
)

func main() {
	code, err := runner.Run(context.Background(), runner.Options{Args: os.Args[1:], Environ: os.Environ()})
	report(err)
	os.Exit(code)
}

// report prints a command that could not be started as runc would, and what went
// wrong in the runner under Sworn's name.
func report(err error) {
	if err == nil {
		return
	}
	if both, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range both.Unwrap() {
			report(e)
		}
		return
	}
	prefix := "sworn: "
	var start *runner.StartError
	if errors.As(err, &start) {
		prefix = ""
	}
	os.Stderr.WriteString(prefix + err.Error() + "\n")
}
