package licence

import (
	"slices"
	"sync"

	"github.com/google/licensecheck"
)

// To compile the patterns of all licences takes longer than most steps, and each reads a
// text anew. So each is compiled, and used, when a text has a third of its signatures near to
// each other: a few words in a row that the pattern cannot match without, but for typing
// errors, which it allows. Then the pattern is followed there through the words of the text,
// which tells versions of a licence apart.

// signatureWords are the words of a signature, maxSignatures how many a pattern has at
// most. They are of its first signatureGroups groups of words.
const (
	signatureWords  = 4
	maxSignatures   = 6
	signatureGroups = 150
)

// signatures answers which patterns a text can match, and where.
type signatures struct {
	of    map[uint64][]signature
	forms []*form
}

// form is what a pattern matches, or where that is one choice, what it may choose.
type form struct {
	pattern int
	// need is how many of its signatures a text has to have.
	need int

	mu     sync.Mutex
	reader partReader
	read   []*part
}

// parts goes through the parts of the form. They are parsed as far as one asks: most texts
// do not have the first.
func (f *form) parts(yield func(*part) bool) {
	for i := 0; ; i++ {
		if p := f.part(i); p == nil || !yield(p) {
			return
		}
	}
}

// part is one part of the form, nil behind the last.
func (f *form) part(i int) *part {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i == len(f.read) {
		p, _ := f.reader.next()
		f.read = append(f.read, p)
	}
	return f.read[i]
}

// signature is one of a form, as many words after the start of a match.
type signature struct {
	form, number int
	least, most  int
}

func newSignatures(patterns []licensecheck.License) *signatures {
	s := &signatures{of: map[uint64][]signature{}}
	for i, l := range patterns {
		for _, lre := range choices(l.LRE) {
			s.add(i, lre)
		}
	}
	return s
}

func (s *signatures) add(pattern int, lre string) {
	groups := required(lre, signatureGroups)
	has := map[uint64]bool{}
	step := max(1, (len(groups)+maxSignatures-1)/maxSignatures)
	for k := 0; k < len(groups); k += step {
		if g := groups[k]; !has[g.hash] {
			s.of[g.hash] = append(s.of[g.hash], signature{len(s.forms), len(has), g.least, g.most})
			has[g.hash] = true
		}
	}
	s.forms = append(s.forms, &form{pattern: pattern, need: (len(has) + 2) / 3, reader: partReader{lre}})
}

// near returns the words of a text that a match of each form can have, by form, with those
// beside, and how many were compared. A form without a signature may match anywhere.
func (s *signatures) near(text string, words []word) (out [][]span, compared int) {
	hits := make([][]hit, len(s.forms))
	in := &passage{text, words, maxCompared}
	for i, g := range grams(words) {
		for _, of := range s.of[g] {
			if len(hits[of.form]) <= maxHits {
				slack := slackOf(of.most)
				hits[of.form] = append(hits[of.form],
					hit{i - of.most - slack, of.number, true}, hit{i - of.least + slack + 1, of.number, false})
			}
		}
	}
	out = make([][]span, len(s.forms))
	for i := range s.forms {
		f := s.forms[i]
		if len(hits[i]) < 2*f.need {
			continue
		}
		starts := []span{{0, len(words)}}
		if f.need > 0 && len(hits[i]) <= maxHits {
			starts = merged(agreeing(hits[i], f.need))
		}
		for _, w := range starts {
			w.start = max(0, w.start)
			if after := in.follow(f.parts, w); after.end > 0 {
				out[i] = append(out[i], span{w.start - beside, after.end + beside})
			}
		}
		out[i] = merged(out[i])
	}
	return out, maxCompared - in.left
}

// hit is where the starts that a signature in a text allows begin, or where they end.
type hit struct {
	at, number int
	begin      bool
}

// maxHits bounds the hits of a pattern in a text that are compared; with more it may start
// anywhere.
const maxHits = 1 << 12

// beside are the words beside a match that decide where it starts: licensecheck looks for a
// notice of copyright in the fifty before it.
const beside = 64

// slackOf is by how many words texts differ from a pattern of some words: by those that a
// hyphen breaks, and by others that licensecheck reads as one.
func slackOf(words int) int { return 16 + words/16 }

// agreeing returns the starts that as many signatures as needed allow.
func agreeing(hits []hit, need int) []span {
	slices.SortFunc(hits, func(a, b hit) int { return a.at - b.at })
	var out []span
	var open [maxSignatures]int
	agree := 0
	for i, h := range hits {
		if h.begin {
			if open[h.number]++; open[h.number] == 1 {
				agree++
			}
		} else if open[h.number]--; open[h.number] == 0 {
			agree--
		}
		if agree >= need {
			out = append(out, span{h.at, hits[i+1].at})
		}
	}
	return out
}
