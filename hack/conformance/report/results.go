package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Verdicts of a test, test2json's actions.
const (
	passed  = "pass"
	failed  = "fail"
	skipped = "skip"
)

// maxEvent bounds one event: a line of output, 16 MiB.
const maxEvent = 16 << 20

// shownLines is how much of a failed test's output is printed; the whole is in
// its log.
const shownLines = 80

// event is a line of `go tool test2json`.
type event struct {
	Action  string
	Test    string
	Elapsed float64 // seconds
	Output  string
}

// result is what became of one test with one configuration.
type result struct {
	// name is the test's, variant its configuration beyond the worker.
	name, variant string
	verdict       string
	seconds       float64
	output        strings.Builder
}

// results by test and variant. The rest of the output belongs to no test: panics
// and the like.
type results struct {
	tests map[string]*result
	rest  strings.Builder
	// broken is set when the run ended in the middle, as a panic in one test ends
	// them all, or failed although no test did.
	broken bool
}

// key splits the name of a test, TestIntegration/TestCopy/worker=oci/frontend=gateway/sub,
// into the test and its configuration. What follows is a subtest, whose output
// belongs to the test.
func key(test string) (name, variant string, leaf bool) {
	parts := strings.Split(test, "/")
	if len(parts) < 3 {
		return "", "", false
	}
	n := 2
	for n < len(parts) && dimension(parts[n]) {
		n++
	}
	var config []string
	for _, p := range parts[2:n] {
		if !strings.HasPrefix(p, "worker=") && !strings.HasPrefix(p, "frontend=") {
			config = append(config, p)
		}
	}
	return parts[1], strings.Join(config, ","), n == len(parts)
}

// dimension tells whether a part of a test's name is one of the suite's matrix
// (frontend/dockerfile/dockerfile_test.go); subtests have equals signs as well.
func dimension(part string) bool {
	k, _, _ := strings.Cut(part, "=")
	switch k {
	case "worker", "frontend", "security.insecure", "network.host", "env":
		return strings.Contains(part, "=")
	}
	return false
}

// collect reads all events and writes a line for each test that ends. With an
// error come the results up to there.
func collect(in io.Reader, out io.Writer) (*results, error) {
	r := &results{tests: map[string]*result{}}
	s := bufio.NewScanner(in)
	s.Buffer(nil, maxEvent)
	end := ""
	for s.Scan() {
		var e event
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			return r, fmt.Errorf("read events: %w", err)
		}
		if e.Test == "" && (e.Action == passed || e.Action == failed || e.Action == skipped) {
			end = e.Action
		}
		r.add(e, out)
	}
	if err := s.Err(); err != nil {
		return r, fmt.Errorf("read events: %w", err)
	}
	r.broken = end == "" || end == failed && r.count()[failed] == 0
	return r, nil
}

func (r *results) add(e event, out io.Writer) {
	name, variant, leaf := key(e.Test)
	if name == "" {
		r.rest.WriteString(e.Output)
		return
	}
	id := name + " " + variant
	t := r.tests[id]
	if t == nil {
		t = &result{name: name, variant: variant}
		r.tests[id] = t
	}
	t.output.WriteString(e.Output)
	if !leaf {
		return
	}
	switch e.Action {
	case passed, failed, skipped:
		t.verdict, t.seconds = e.Action, e.Elapsed
		fmt.Fprintf(out, "--- %s: %s (%.2fs)\n", strings.ToUpper(e.Action), t.label(), t.seconds)
	}
}

func (t *result) label() string {
	if t.variant == "" {
		return t.name
	}
	return t.name + "/" + t.variant
}

func (r *results) sorted() []*result {
	var all []*result
	for _, id := range slices.Sorted(maps.Keys(r.tests)) {
		all = append(all, r.tests[id])
	}
	return all
}

func (r *results) count() map[string]int {
	n := map[string]int{}
	for _, t := range r.tests {
		if t.verdict == "" {
			n[failed]++
			continue
		}
		n[t.verdict]++
	}
	return n
}

// ended counts the tests that came to their end.
func (r *results) ended() int {
	n := 0
	for _, t := range r.tests {
		if t.verdict != "" {
			n++
		}
	}
	return n
}

// problems says why the run is no success; none means that it is one.
func (r *results) problems(wanted []wanted) []string {
	var out []string
	told, left := map[string]bool{}, map[string]bool{}
	for _, t := range r.sorted() {
		told[t.name] = told[t.name] || t.verdict != skipped
		left[t.name] = left[t.name] || t.verdict == skipped
		switch t.verdict {
		case failed:
			out = append(out, "FAIL: "+t.label())
		case "":
			out = append(out, "FAIL: "+t.label()+": it did not end")
		}
	}
	for _, w := range wanted {
		switch {
		case told[w.name] || w.partly && left[w.name]:
		case left[w.name]:
			out = append(out, "FAIL: "+w.name+": on the list, but it was skipped")
		default:
			out = append(out, "FAIL: "+w.name+": on the list, but it did not run")
		}
	}
	if len(r.tests) == 0 {
		out = append(out, "FAIL: no test ran")
	}
	if r.broken {
		out = append(out, "FAIL: the run as a whole")
	}
	return out
}

// writeLogs writes the output of every failed test, and all times, the longest
// first.
func (r *results) writeLogs(dir string) error {
	all := r.sorted()
	for _, t := range all {
		if t.verdict == passed || t.verdict == skipped {
			continue
		}
		if err := os.WriteFile(t.log(dir), []byte(t.output.String()), 0o644); err != nil {
			return err
		}
	}
	slices.SortStableFunc(all, func(a, b *result) int { return int(1000*b.seconds) - int(1000*a.seconds) })
	var times strings.Builder
	for _, t := range all {
		fmt.Fprintf(&times, "%7.2f %s %s\n", t.seconds, t.verdict, t.label())
	}
	return os.WriteFile(filepath.Join(dir, "times.txt"), []byte(times.String()), 0o644)
}

func (t *result) log(dir string) string {
	return filepath.Join(dir, strings.ReplaceAll(t.label(), "/", ",")+".log")
}
