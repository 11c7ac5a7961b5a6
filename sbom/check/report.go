package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Levels of a [Rule].
const (
	LevelError   = "error"   // the document is not valid
	LevelWarning = "warning" // it is valid and a reader may stumble
)

// maxWhere is how many places are named of one rule; the others are counted.
const maxWhere = 20

// maxMessage bounds a message, in characters: a document may have values of any length.
const maxMessage = 400

// Report is what was found in a document.
type Report struct {
	// Format is "SPDX-2.3", "SPDX-3.0.1" or "CycloneDX-1.6", with the version that the
	// document names; empty when it is none of the formats.
	Format string `json:"format"`
	// Name of the document, as it says.
	Name string `json:"name,omitempty"`
	// Valid: no finding is an error.
	Valid bool `json:"valid"`
	// Components, Files and Relationships are how many there are.
	Components    int `json:"components"`
	Files         int `json:"files"`
	Relationships int `json:"relationships"`
	// Findings are errors first, then in the order of [Rules].
	Findings []Finding `json:"findings"`
	// Minimum are the tables of minimum elements; none of a document that cannot be read.
	Minimum []Table `json:"minimum"`
}

// Finding is a rule that a document breaks.
type Finding struct {
	Rule  string `json:"rule"`
	Level string `json:"level"`
	// Count is how often.
	Count int `json:"count"`
	// Where are the first of the places.
	Where []Place `json:"where"`
}

// Place is where a document breaks a rule.
type Place struct {
	// At is a JSON pointer; empty for the whole document.
	At      string `json:"at"`
	Message string `json:"message"`
}

// Errors counts what makes a document invalid.
func (r *Report) Errors() int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == LevelError {
			n += f.Count
		}
	}
	return n
}

// checker collects findings by rule.
type checker struct {
	found map[string]*Finding
}

// report adds a finding. A rule that is not in [Rules] is a mistake of ours.
func (c *checker) report(rule string, at *place, format string, args ...any) {
	f := c.found[rule]
	if f == nil {
		f = &Finding{Rule: rule, Level: level(rule)}
		c.found[rule] = f
	}
	f.Count++
	if len(f.Where) >= maxWhere {
		return
	}
	f.Where = append(f.Where, Place{At: short(at.String()), Message: short(fmt.Sprintf(format, args...))})
}

func short(s string) string {
	if len(s) > maxMessage {
		return strings.ToValidUTF8(s[:maxMessage], "") + "..."
	}
	return s
}

func level(rule string) string {
	for _, r := range Rules() {
		if r.ID == rule {
			return r.Level
		}
	}
	panic("no such rule: " + rule)
}

// findings are sorted: errors first, then by the order of the rules.
func (c *checker) findings() []Finding {
	out := []Finding{}
	for _, r := range Rules() {
		if f := c.found[r.ID]; f != nil {
			out = append(out, *f)
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

func rank(f Finding) int {
	if f.Level == LevelError {
		return 0
	}
	return 1
}
