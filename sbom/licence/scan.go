package licence

import (
	"cmp"
	"slices"
	"sync"

	"github.com/google/licensecheck"
)

// scanner finds licence texts. It is for any number of goroutines.
type scanner struct {
	patterns   []licensecheck.License
	signatures *signatures
	compiled   []func() *licensecheck.Scanner
}

func newScanner() *scanner {
	s := &scanner{}
	for _, l := range licensecheck.BuiltinLicenses() {
		if l.LRE == "" {
			continue
		}
		s.patterns = append(s.patterns, l)
		s.compiled = append(s.compiled, sync.OnceValue(func() *licensecheck.Scanner {
			one, err := licensecheck.NewScanner([]licensecheck.License{l})
			if err != nil {
				panic("licence: pattern " + l.ID + ": " + err.Error()) // a test compiles each
			}
			return one
		}))
	}
	s.signatures = newSignatures(s.patterns)
	return s
}

// maxCost bounds the bytes that patterns read of one file, each pattern for itself: some
// seconds. Files of a distribution come to a third of it.
const maxCost = 64 << 20

// match is a licence text, or words that refer to one, at bytes of a text.
type match struct {
	id         string
	start, end int
}

// scan returns the licences in a text as licensecheck does for all licences at once:
// leftmost and longest, of equal ones the first in its list, none over another. Each begins
// with the notice of copyright before it, which may be the end of the one before.
//
// Each pattern of which the text has signatures reads it anew. cost is the bytes to read so;
// above maxCost nothing is read.
func (s *scanner) scan(text string) (found []match, cost int) {
	type indexed struct {
		match
		index int
	}
	var all []indexed
	candidates := s.signatures.candidates(split(text))
	if cost = len(text) * len(candidates); cost > maxCost {
		return nil, cost
	}
	for _, i := range candidates {
		for _, m := range s.compiled[i]().Scan([]byte(text)).Match {
			all = append(all, indexed{match{m.ID, m.Start, m.End}, i})
		}
	}
	slices.SortFunc(all, func(a, b indexed) int {
		return cmp.Or(a.start-b.start, b.end-a.end, a.index-b.index)
	})
	end := 0
	for _, m := range all {
		if min(end, m.end)-m.start <= (m.end-m.start)/2 {
			m.start = max(m.start, end)
			found, end = append(found, m.match), m.end
		}
	}
	return found, cost
}
