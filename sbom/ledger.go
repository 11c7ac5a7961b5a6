package sbom

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
)

// Held is an entry of an image with the step that wrote it last.
type Held struct {
	Entry
	// Step is the id of a step, or of the base's material.
	Step string `json:"step"`
	// Origin is where its bytes came to be; the ledger itself does not know.
	Origin Origin `json:"-"`
}

// Ledger says what a file system holds after a chain of deltas. The zero value
// is the empty file system.
type Ledger struct {
	files []written // sorted by path
}

// written is an entry of a delta and whose it is. A build of many steps moves these, not
// the entries.
type written struct {
	entry *Entry
	by    string
}

// Apply adds one delta, which must not change afterwards. A delta that does not fit what
// the ledger holds, such as a change of a file that is not there, is an error: it is
// evidence of some other build. A ledger after an error is of no use.
func (l *Ledger) Apply(d Delta, by string) error {
	misfit := func(p step.Path, verb, state string) error {
		return fmt.Errorf("apply the delta of %s: %q is %s but %s", by, string(p), verb, state)
	}
	if p, ok := l.remove(d.Removed); !ok {
		return misfit(p, "removed", "was not there")
	}
	if p, ok := l.add(d.Added, by); !ok {
		return misfit(p, "added", "was there")
	}
	at := 0
	for i := range d.Changed {
		e := &d.Changed[i]
		var there bool
		if at, there = l.seek(at, e.Path); !there {
			return misfit(e.Path, "changed", "was not there")
		}
		l.files[at] = written{e, by}
	}
	return nil
}

// remove removes sorted paths. It is false for one that is not there.
func (l *Ledger) remove(paths []step.Path) (step.Path, bool) {
	from, to := 0, 0
	for _, p := range paths {
		at, there := l.seek(from, p)
		if !there {
			return p, false
		}
		to += copy(l.files[to:], l.files[from:at])
		from = at + 1
	}
	to += copy(l.files[to:], l.files[from:])
	l.files = l.files[:to]
	return "", true
}

// add adds sorted entries. It is false for one that is there.
func (l *Ledger) add(es []Entry, by string) (step.Path, bool) {
	places := make([]int, len(es)) // before which files they belong
	at := 0
	for i := range es {
		var there bool
		if at, there = l.seek(at, es[i].Path); there || i > 0 && es[i].Path <= es[i-1].Path {
			return es[i].Path, false
		}
		places[i] = at
	}
	end := len(l.files)
	l.files = slices.Grow(l.files, len(es))[:end+len(es)]
	for i, at := range slices.Backward(places) {
		copy(l.files[at+i+1:], l.files[at:end])
		l.files[at+i] = written{&es[i], by}
		end = at
	}
	return "", true
}

// seek returns the index, from another one on, of the first file whose path is not less,
// and whether it is the path's. What is sought next is most often near.
func (l *Ledger) seek(from int, p step.Path) (int, bool) {
	files := l.files[from:]
	near := 1
	for near < len(files) && files[near-1].entry.Path < p {
		near *= 2
	}
	i, there := slices.BinarySearchFunc(files[:min(near, len(files))], p, func(w written, p step.Path) int {
		return strings.Compare(string(w.entry.Path), string(p))
	})
	return from + i, there
}

// Held returns all entries, sorted by path.
func (l *Ledger) Held() []Held {
	out := make([]Held, len(l.files))
	for i, w := range l.files {
		out[i] = Held{Entry: *w.entry, Step: w.by}
	}
	return out
}

// SHA256 is the digest of the file at a path; empty when none is there.
func (l *Ledger) SHA256(p step.Path) string {
	i, there := l.seek(0, p)
	if !there {
		return ""
	}
	return l.files[i].entry.SHA256
}
