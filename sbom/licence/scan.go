package licence

import (
	"cmp"
	"slices"
	"strings"
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
// seconds. Files of a distribution come to a twentieth of it.
const maxCost = 64 << 20

// comparedForByte is how many words are compared in the time in which a pattern reads a byte.
const comparedForByte = 4

// match is a licence text, or words that refer to one, at bytes of a text.
type match struct {
	id         string
	start, end int
}

// scan returns the licences in a text as licensecheck does for all licences at once:
// leftmost and longest, of equal ones the first in its list, none over another. Each begins
// with the notice of copyright before it, which may be the end of the one before.
//
// Each pattern reads anew what it may match. cost is the bytes to read so, and what telling
// it took; above maxCost nothing is read.
func (s *scanner) scan(text string) (found []match, cost int) {
	type indexed struct {
		match
		index int
	}
	var all []indexed
	windows, compared := s.windows(text)
	cost = compared / comparedForByte
	for _, ws := range windows {
		for _, w := range ws {
			cost += w.end - w.start
		}
	}
	if cost > maxCost {
		return nil, cost
	}
	for i, ws := range windows {
		for _, w := range ws {
			for _, m := range s.compiled[i]().Scan([]byte(text[w.start:w.end])).Match {
				all = append(all, indexed{match{m.ID, w.start + m.Start, w.start + m.End}, i})
			}
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

// span is a part of something, from start to before end.
type span struct {
	start, end int
}

// windows returns the bytes of a text that each pattern may match, whole lines, and how many
// words were compared for it. In a text with markup, whose words licensecheck leaves out,
// they are all.
func (s *scanner) windows(text string) (out [][]span, compared int) {
	words := split(text)
	markup := strings.Contains(text, "</") || strings.Contains(text, "](")
	breaks := breaks(text)
	out = make([][]span, len(s.patterns))
	nearby, compared := s.signatures.near(text, words)
	for i, near := range nearby {
		p := s.signatures.forms[i].pattern
		for _, of := range near {
			w := span{0, len(text)}
			if !markup {
				w = lines(breaks, words, of)
			}
			out[p] = append(out[p], w)
		}
	}
	for i := range out {
		out[i] = merged(out[i])
	}
	return out, compared
}

// merged sorts spans and joins those that meet.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var out []span
	for _, s := range spans {
		if last := len(out) - 1; last >= 0 && s.start <= out[last].end {
			out[last].end = max(out[last].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// breaks are where the lines of a text start, and its end.
func breaks(text string) []int {
	out := []int{0}
	for i := range len(text) {
		if text[i] == '\n' {
			out = append(out, i+1)
		}
	}
	return append(out, len(text))
}

// lines returns the bytes of the lines that have some of the words of a text, or are at its
// ends.
func lines(breaks []int, words []word, of span) span {
	out := span{0, breaks[len(breaks)-1]}
	if of.start > 0 && of.start < len(words) {
		i, _ := slices.BinarySearch(breaks, words[of.start].start+1)
		out.start = breaks[i-1]
	}
	if of.end < len(words) {
		i, _ := slices.BinarySearch(breaks, words[max(of.end, 0)].end)
		out.end = breaks[i]
	}
	return out
}
