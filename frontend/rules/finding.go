package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Finding is what a rule has found, once.
type Finding struct {
	// Rule is the id.
	Rule string
	// Message says what was found: a sentence without a full stop, and without secrets.
	Message string
	// Ranges of the Dockerfile, the first of them for messages; none when the finding is
	// about the image as a whole.
	Ranges []parser.Range

	hide   string // what to show in place of the instruction, which has a secret
	secret string // what its value is known by
}

// Line is the first of the Dockerfile that the finding is about, 1-based; 0: none.
func (f Finding) Line() int {
	if len(f.Ranges) == 0 {
		return 0
	}
	return f.Ranges[0].Start.Line
}

// String is the finding in one line, as BuildKit writes those of its own checks.
func (f Finding) String() string {
	if line := f.Line(); line > 0 {
		return fmt.Sprintf("%s: %s (line %d)", f.Rule, f.Message, line)
	}
	return f.Rule + ": " + f.Message
}

// Split sorts findings by line, rule and message, drops those that are there twice and
// those of rules that are off, and returns what to warn of and what to fail with.
func (s Set) Split(findings []Finding) (warnings, refused []Finding) {
	sorted := slices.Clone(findings)
	slices.SortStableFunc(sorted, func(a, b Finding) int {
		return cmp.Or(a.Line()-b.Line(), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	sorted = slices.CompactFunc(sorted, func(a, b Finding) bool { return a.String() == b.String() })
	for _, f := range sorted {
		switch s.Level(f.Rule) {
		case Warn:
			warnings = append(warnings, f)
		case Error:
			refused = append(refused, f)
		}
	}
	return warnings, refused
}
