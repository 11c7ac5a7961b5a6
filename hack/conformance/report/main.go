// Command report reads what BuildKit's Dockerfile tests say and makes records, lists
// and docs/conformance.md of it.
//
// events reads the events of a run (go tool test2json): a line per test as it ends,
// the output of those that failed, a summary. With a list, the tests on it must have
// run and passed: one that was skipped, or that no test is named after, fails the
// run, so a misspelt name cannot pass for a success. Without one, no test may fail,
// unless the outcomes are recorded: then only a run of nothing fails, and table judges
// the rest.
//
// A panic in one test ends them all. Those that did not end are recorded without an
// outcome, and rest prints them; failed prints those whose failure has no reason. Both
// are to be run again.
//
// table makes the document from the recorded outcomes and the reasons for their
// differences. A difference without a reason, a reason without a difference and an
// outcome that is missing are errors.
//
// The exit code is 0 when all is well, 1 when a test failed or a difference is not
// accounted for, 2 when something cannot be read.
//
//	go tool test2json ./dockerfile.test -test.v=test2json | report events -logs DIR -list quick.txt
//	report table -results results.json -reasons reasons.json -o docs/conformance.md
package main

//go:generate go run . table -results ../results.json -reasons ../reasons.json -o ../../../docs/conformance.md

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const usage = `usage: report events  -logs DIR [-mode MODE] [-list FILE [-only REGEX]]
                      [-record FILE -suite VERSION [-whole] [-again]]
       report pattern -list FILE [-mode MODE] [-only REGEX]
       report failed  -results FILE -mode MODE -reasons FILE
       report rest    -results FILE -mode MODE
       report table   -results FILE -reasons FILE -o FILE
`

var (
	errUsage = errors.New("wrong arguments")
	// errFailed: a test failed, or a difference is not accounted for. What it was is
	// printed.
	errFailed = errors.New("failed")
)

func main() {
	err := command(os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "sworn: %v\n", err)
		os.Exit(2)
	}
}

// options of all verbs.
type options struct {
	list, only, pick      string
	logs, record, results string
	mode, suite           string
	reasons, document     string
	whole, again          bool
}

func command(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	var o options
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.list, "list", "", "file that names the tests that must pass")
	f.StringVar(&o.only, "only", ".", "regular expression that picks names of the list")
	f.StringVar(&o.logs, "logs", "", "folder for the whole output of failed tests, and times.txt")
	f.StringVar(&o.record, "record", "", "file to put the outcomes into")
	f.StringVar(&o.results, "results", "", "file of recorded outcomes")
	f.StringVar(&o.mode, "mode", modeAttached, "what ran")
	f.StringVar(&o.suite, "suite", "", "version of the suite")
	f.StringVar(&o.reasons, "reasons", "", "file of reasons")
	f.StringVar(&o.document, "o", "", "what to write")
	f.BoolVar(&o.whole, "whole", false, "replaces what is recorded of the mode")
	f.BoolVar(&o.again, "again", false, "a second run, of tests that failed")
	if err := f.Parse(args[1:]); err != nil || f.NArg() > 0 {
		return errUsage
	}
	switch args[0] {
	case "events":
		return o.events(in, out)
	case "pattern":
		tests, err := readList(o.list, o.only, o.mode)
		if err == nil {
			_, err = fmt.Fprintln(out, expression(tests))
		}
		return err
	case "failed", "rest":
		return o.names(args[0], out)
	case "table":
		return o.table(out)
	}
	return errUsage
}

func (o options) events(in io.Reader, out io.Writer) error {
	if o.logs == "" || o.record != "" && (o.suite == "" || !isMode(o.mode)) {
		return errUsage
	}
	tests, err := readList(o.list, o.only, o.mode)
	if err != nil {
		return err
	}
	r, err := read(in, out, o.logs)
	if err != nil {
		return err
	}
	if o.record == "" {
		return r.judge(out, tests)
	}
	if r.ended() == 0 {
		return fmt.Errorf("record %s: no test came to its end; the output is in %s", o.mode, o.logs)
	}
	return update(o.record, o.suite, func(rec *record) error { return rec.take(r, o.mode, o.whole, o.again) })
}

// read collects the events of a run and shows what failed.
func read(in io.Reader, out io.Writer, logs string) (*results, error) {
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	started := time.Now()
	r, unread := collect(in, out)
	if err := errors.Join(r.writeLogs(logs), unread); err != nil {
		return nil, err
	}
	r.show(out, logs)
	n := r.count()
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped in %.1fs\n",
		n[passed], n[failed], n[skipped], time.Since(started).Seconds())
	return r, nil
}

// judge says whether the run is a success.
func (r *results) judge(out io.Writer, tests []wanted) error {
	problems := r.problems(tests)
	for _, p := range problems {
		fmt.Fprintf(out, "%s\n", p)
	}
	if len(problems) > 0 {
		fmt.Fprintln(out, "FAIL")
		return errFailed
	}
	fmt.Fprintln(out, "ok")
	return nil
}

// names prints the tests that are to be run again, a line each.
func (o options) names(which string, out io.Writer) error {
	if o.results == "" || !isMode(o.mode) || which == "failed" && o.reasons == "" {
		return errUsage
	}
	rec, err := readRecord(o.results)
	if err != nil {
		return err
	}
	names := rec.rest(o.mode)
	if which == "failed" {
		why, err := readReasons(o.reasons)
		if err != nil {
			return err
		}
		names = why.unexplained(rec, o.mode)
	}
	for _, name := range names {
		fmt.Fprintln(out, name)
	}
	return nil
}

func (o options) table(out io.Writer) error {
	if o.results == "" || o.reasons == "" || o.document == "" {
		return errUsage
	}
	rec, err := readRecord(o.results)
	if err != nil {
		return err
	}
	why, err := readReasons(o.reasons)
	if err != nil {
		return err
	}
	problems := why.problems(rec)
	for _, p := range problems {
		fmt.Fprintf(out, "FAIL: %s\n", p)
	}
	if len(problems) > 0 {
		return errFailed
	}
	return os.WriteFile(filepath.Clean(o.document), []byte(document(rec, why)), 0o644)
}
