package main

import (
	"fmt"
	"regexp"
	"strings"
)

// outcome is what became of a test, without times, so that the same outcomes are
// the same bytes.
type outcome struct {
	verdict string // passed, failed, skipped
	// detail is where a failed test failed, as FILE:LINE in the suite, and why a
	// skipped one was skipped; empty where the test does not say.
	detail string
	// again: the test failed, and this is how it ended when it was run once more.
	again bool
}

// again is how an outcome's text says so.
const againText = " (run again)"

// String is the outcome as it is recorded: "pass", "pass (run again)",
// "fail: dockerfile_test.go:12", "skip: reason".
func (o outcome) String() string {
	s := o.verdict
	if o.again {
		s += againText
	}
	if o.detail != "" {
		s += ": " + o.detail
	}
	return s
}

// parseOutcome is the inverse of [outcome.String].
func parseOutcome(s string) (outcome, error) {
	verdict, detail, _ := strings.Cut(s, ": ")
	verdict, again := strings.CutSuffix(verdict, againText)
	o := outcome{verdict: verdict, detail: detail, again: again}
	if (verdict != passed && verdict != failed && verdict != skipped) || o.String() != s {
		return outcome{}, fmt.Errorf("%q is no outcome", s)
	}
	return o, nil
}

// same tells whether two outcomes are the same but for how many runs they took.
func (o outcome) same(p outcome) bool { return o.verdict == p.verdict && o.detail == p.detail }

// outcome of a test that ran, from its output.
func (t *result) outcome() outcome {
	switch t.verdict {
	case passed:
		return outcome{verdict: passed}
	case skipped:
		return outcome{verdict: skipped, detail: skipReason(t.output.String())}
	}
	return outcome{verdict: failed, detail: failurePlace(t.output.String())}
}

var (
	// traceLine is where an assertion begins to say where it is, and what follows.
	traceLine = regexp.MustCompile(`(?m)^\s*Error Trace:\s*\S*?([A-Za-z0-9_]+\.go:\d+)$`)
	// saidLine is a line that a test printed itself, not its servers' logs.
	saidLine = regexp.MustCompile(`(?m)^    ([A-Za-z0-9_]+_test\.go:\d+): (.*)$`)
	// panicLine is a frame of a stack that lies in a test.
	panicLine = regexp.MustCompile(`(?m)^\s+\S*?([A-Za-z0-9_]+_test\.go:\d+)(?: \+0x[0-9a-f]+)?$`)
)

// failurePlace is where in the suite the first assertion failed or, without one,
// where the test last spoke.
func failurePlace(output string) string {
	if m := traceLine.FindStringSubmatch(output); m != nil {
		return m[1]
	}
	if all := saidLine.FindAllStringSubmatch(output, -1); all != nil {
		return all[len(all)-1][1]
	}
	if m := panicLine.FindStringSubmatch(output); m != nil {
		return m[1]
	}
	return ""
}

// skipReason is what a test says when it skips itself: the last thing that it says.
func skipReason(output string) string {
	all := regexp.MustCompile(`(?m)^    [A-Za-z0-9_]+\.go:\d+: (.*)$`).FindAllStringSubmatch(output, -1)
	if all == nil {
		return ""
	}
	return strings.TrimSpace(all[len(all)-1][1])
}
