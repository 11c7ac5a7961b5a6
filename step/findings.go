package step

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// FindingsVersion is the version of Findings that this package reads and writes.
const FindingsVersion = 1

// Bounds of Findings: what a person reads of one, and what one message of BuildKit's
// gateway (16 MiB) can hold of all of them.
const (
	// MaxSubjects bounds the subjects that a finding names.
	MaxSubjects = 5
	// MaxFindings bounds the JSON of Findings in bytes.
	MaxFindings = 8 << 20
)

// Findings are what rules found in an image.
type Findings struct {
	Version int `json:"version"`
	// Findings are sorted by rule, then in the plan's order of steps, then those with
	// Unjudged last: at most one of each. Never null.
	Findings []Finding `json:"findings"`
}

// Finding is what one rule found in what one step left in the image.
type Finding struct {
	Rule string `json:"rule"` // one of the Rule constants
	Step string `json:"step"` // its id in the plan
	// Unjudged: the rule could not tell whether it is about these.
	Unjudged bool `json:"unjudged,omitempty"`
	// Count is the number of subjects, at least 1.
	Count int `json:"count"`
	// Subjects are the first of them, sorted by path and package.
	Subjects []Subject `json:"subjects"`
}

// Subject is a file or a package that a rule is about.
type Subject struct {
	Path Path `json:"path,omitempty"`
	// Package is the name of the package, or of the file's owner.
	Package string `json:"package,omitempty"`
	// Detail is what the rule looked at: a mode, a licence, a URL, or a reason.
	Detail string `json:"detail,omitempty"`
}

// EncodeFindings returns the JSON of findings. It is an error when it exceeds
// MaxFindings.
func EncodeFindings(f Findings) ([]byte, error) {
	f.Version = FindingsVersion
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode findings: %w", err)
	}
	if len(b) >= MaxFindings {
		return nil, fmt.Errorf("encode findings: %d bytes, more than %d", len(b), MaxFindings)
	}
	return append(b, '\n'), nil
}

// DecodeFindings reads findings strictly: unknown fields or rules, another version or
// order, more or fewer subjects than a finding has, and trailing bytes are errors.
func DecodeFindings(b []byte) (Findings, error) {
	var f Findings
	if len(b) > MaxFindings {
		return Findings{}, fmt.Errorf("decode findings: %d bytes, more than %d", len(b), MaxFindings)
	}
	if err := decodeStrict(string(b), &f); err != nil {
		return Findings{}, fmt.Errorf("decode findings: %w", err)
	}
	if f.Version != FindingsVersion {
		return Findings{}, fmt.Errorf("decode findings: version %d, want %d", f.Version, FindingsVersion)
	}
	if f.Findings == nil {
		return Findings{}, fmt.Errorf("decode findings: no list")
	}
	for i, one := range f.Findings {
		if err := one.check(); err != nil {
			return Findings{}, fmt.Errorf("decode findings: %s of %q: %w", one.Rule, one.Step, err)
		}
		if i > 0 && f.Findings[i-1].Rule > one.Rule {
			return Findings{}, fmt.Errorf("decode findings: %s after %s", one.Rule, f.Findings[i-1].Rule)
		}
	}
	return f, nil
}

// check refuses a finding that is of no rule or counts its subjects wrongly.
func (f Finding) check() error {
	switch {
	case !slices.Contains(EvidenceRules(), f.Rule):
		return fmt.Errorf("no such rule")
	case f.Step == "":
		return fmt.Errorf("no step")
	case len(f.Subjects) > MaxSubjects:
		return fmt.Errorf("%d subjects, more than %d", len(f.Subjects), MaxSubjects)
	case f.Count < max(1, len(f.Subjects)):
		return fmt.Errorf("%d subjects, %d counted", len(f.Subjects), f.Count)
	case !slices.IsSortedFunc(f.Subjects, Subject.Compare):
		return fmt.Errorf("subjects that are not sorted")
	}
	for _, s := range f.Subjects {
		if s.Path == "" && s.Package == "" {
			return fmt.Errorf("a subject without a name")
		}
	}
	return nil
}

// Compare orders subjects by path and package.
func (s Subject) Compare(t Subject) int {
	return cmp.Or(cmp.Compare(s.Path, t.Path), cmp.Compare(s.Package, t.Package))
}
