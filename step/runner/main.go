package runner

import (
	"context"
	"errors"
	"os"
)

// Main is the runner's program: it runs the step that the process was started with,
// prints what went wrong, and returns the exit code. rec may be nil.
func Main(rec Recorder) int {
	code, err := Run(context.Background(), Options{Args: os.Args[1:], Environ: os.Environ(), Recorder: rec})
	report(err)
	return code
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
	var start *StartError
	if errors.As(err, &start) {
		prefix = ""
	}
	os.Stderr.WriteString(prefix + err.Error() + "\n")
}
