package sbom

import (
	"fmt"
	"sort"

	"github.com/sworn-build/sworn/step"
)

// Held is an entry of an image with the step that wrote it last.
type Held struct {
	Entry
	// Step is the id of a step, or of the base's material.
	Step string `json:"step"`
}

// Ledger says what a file system holds after a chain of deltas. The zero value
// is the empty file system.
type Ledger struct {
	files map[step.Path]Held
}

// Apply adds one delta. A delta that does not fit what the ledger holds, such as
// a change of a file that is not there, is an error: it is evidence of some other
// build.
func (l *Ledger) Apply(d Delta, by string) error {
	if l.files == nil {
		l.files = make(map[step.Path]Held, len(d.Added))
	}
	misfit := func(p step.Path, verb, state string) error {
		return fmt.Errorf("apply the delta of %s: %q is %s but %s", by, string(p), verb, state)
	}
	for _, p := range d.Removed {
		if _, ok := l.files[p]; !ok {
			return misfit(p, "removed", "was not there")
		}
		delete(l.files, p)
	}
	for _, e := range d.Added {
		if _, ok := l.files[e.Path]; ok {
			return misfit(e.Path, "added", "was there")
		}
		l.files[e.Path] = Held{Entry: e, Step: by}
	}
	for _, e := range d.Changed {
		if _, ok := l.files[e.Path]; !ok {
			return misfit(e.Path, "changed", "was not there")
		}
		l.files[e.Path] = Held{Entry: e, Step: by}
	}
	return nil
}

// Held returns all entries, sorted by path.
func (l *Ledger) Held() []Held {
	out := make([]Held, 0, len(l.files))
	for _, h := range l.files {
		out = append(out, h)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

// Attribute sets Package of every entry to its owner.
func (l *Ledger) Attribute(o *Owners) {
	for p, h := range l.files {
		h.Package, _ = o.Of(p, h.Type == TypeDir)
		l.files[p] = h
	}
}
