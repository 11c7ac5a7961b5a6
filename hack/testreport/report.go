package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

const (
	// maxEvent bounds a line of `go test -json`; a test's output comes in pieces.
	maxEvent = 4 << 20
	// slowSeconds is from when on a test is slow, slowTests how many of them are told.
	slowSeconds, slowTests = 5, 12
	// headLines, tailLines and lineBytes bound what an excerpt has of a failed test.
	headLines, tailLines, lineBytes = 25, 15, 300
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

// report collects events. Output is kept per test until its result is known.
type report struct {
	out    io.Writer
	output map[string][]string
	skips  []string
	failed []string
	passed int
	slow   []event
	// excerpts of the failed tests' output, short enough for the end of a log.
	excerpts []string
	// seeded tells of every fuzz target whether a seed was run.
	seeded map[string]bool
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[string][]string{}, seeded: map[string]bool{}}
}

func (r *report) read(in io.Reader) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxEvent)
	for s.Scan() {
		var e event
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			// Not an event: the go command itself speaks.
			fmt.Fprintln(r.out, s.Text())
			continue
		}
		r.add(e)
	}
	return s.Err()
}

func (r *report) add(e event) {
	id := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "build-fail":
		r.failed = append(r.failed, e.ImportPath+" (build)")
	case "output":
		r.output[id] = append(r.output[id], e.Output)
	case "pass":
		r.fuzz(e)
		if e.Test == "" {
			fmt.Fprintf(r.out, "ok    %s %.1fs\n", e.Package, e.Elapsed)
		} else {
			r.passed++
			r.clock(e)
		}
		delete(r.output, id)
	case "skip":
		if e.Test != "" {
			r.skips = append(r.skips, fmt.Sprintf("%s: %s", id, reason(r.output[id])))
		}
		delete(r.output, id)
	case "fail":
		r.failed = append(r.failed, strings.TrimSpace(id))
		text := strings.Join(r.output[id], "")
		fmt.Fprint(r.out, text)
		r.excerpts = append(r.excerpts, "FAIL  "+strings.TrimSpace(id)+"\n"+excerpt(text))
		fmt.Fprintf(r.out, "FAIL  %s %.1fs\n", strings.TrimSpace(id), e.Elapsed)
		delete(r.output, id)
	}
}

// clock notes a test that takes long. The time of its subtests is in its own, and that it
// waited for other parallel tests is not.
func (r *report) clock(e event) {
	if e.Elapsed >= slowSeconds && !strings.Contains(e.Test, "/") {
		r.slow = append(r.slow, e)
	}
}

// slowest says which tests took longest, with their seconds, or nothing.
func (r *report) slowest() string {
	slices.SortStableFunc(r.slow, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	var names []string
	for _, e := range r.slow[:min(slowTests, len(r.slow))] {
		names = append(names, fmt.Sprintf("%s %.0f", e.Test, e.Elapsed))
	}
	return strings.Join(names, ", ")
}

// fuzz notes fuzz targets and their seeds, which run as subtests. A target without
// any starts from nothing and finds nothing.
func (r *report) fuzz(e event) {
	if !strings.HasPrefix(e.Test, "Fuzz") {
		return
	}
	target, _, isSeed := strings.Cut(e.Test, "/")
	id := e.Package + " " + target
	r.seeded[id] = r.seeded[id] || isSeed
}

// reason is what a skipped test said, on one line, without the framework's own
// words.
func reason(output []string) string {
	var words []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		words = append(words, line)
	}
	if len(words) == 0 {
		return "no reason given"
	}
	return strings.Join(words, " ")
}

// excerpt keeps the first and the last lines of a text, none of them long.
func excerpt(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if cut := len(lines) - headLines - tailLines; cut > 0 {
		tail := lines[len(lines)-tailLines:]
		lines = append(slices.Clone(lines[:headLines]), fmt.Sprintf("[%d lines left out]", cut))
		lines = append(lines, tail...)
	}
	for i, l := range lines {
		if len(l) > lineBytes {
			lines[i] = strings.ToValidUTF8(l[:lineBytes], "") + " [cut]"
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// appendTo adds lines to a file; no name and no lines do nothing.
func appendTo(name string, lines []string) error {
	if name == "" || len(lines) == 0 {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, strings.Join(lines, "\n"))
	return errors.Join(err, f.Close())
}

// finish prints the summary, adds to the files of skips and of failures, and returns
// an error unless everything passed.
func (r *report) finish(skipFile, failureFile string) error {
	slices.Sort(r.skips)
	for _, s := range r.skips {
		fmt.Fprintf(r.out, "SKIP  %s\n", s)
	}
	if err := errors.Join(appendTo(skipFile, r.skips), appendTo(failureFile, r.excerpts)); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, len(r.failed), len(r.skips))
	if s := r.slowest(); s != "" {
		fmt.Fprintf(r.out, "slowest, in seconds: %s\n", s)
	}
	for _, target := range slices.Sorted(maps.Keys(r.seeded)) {
		if !r.seeded[target] {
			r.failed = append(r.failed, target+" (fuzz target without a seed)")
		}
	}
	if len(r.failed) > 0 {
		return fmt.Errorf("tests failed: %s", strings.Join(r.failed, ", "))
	}
	if r.passed == 0 {
		return errors.New("no test ran")
	}
	return nil
}
