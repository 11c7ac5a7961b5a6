package licence

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/google/licensecheck"
)

// To compile the patterns of all licences takes longer than most steps, and each reads a
// text anew. So each is compiled, and used, when a text has half of its signatures near to
// each other: a few words in a row that the pattern cannot match without, but for typing
// errors, which it allows. Then the text has to have most of all such words of the pattern,
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
	of    map[string][]signature
	forms []form
}

// form is what a pattern matches, or where that is one choice, what it may choose.
type form struct {
	pattern int
	// need is how many of its signatures a text has to have.
	need int
	// longest is a bound of the words that it matches.
	longest func() int
	groups  func() []group
}

// maxMissing is how many of its groups of words a text may lack, or a quarter: a word that
// is not as in the pattern is in four of them. Real texts that match lack a tenth at most.
const maxMissing = 8

// in reports whether a text with these groups of words has enough of the form's.
func (f *form) in(has map[string]bool) bool {
	missing, groups := 0, f.groups()
	for _, g := range groups {
		if !has[g.words] {
			missing++
		}
	}
	return missing <= max(maxMissing, len(groups)/4)
}

// signature is one of a form, as many words after the start of a match.
type signature struct {
	form, number int
	least, most  int
}

func newSignatures(patterns []licensecheck.License) *signatures {
	s := &signatures{of: map[string][]signature{}}
	for i, l := range patterns {
		for _, lre := range choices(l.LRE) {
			s.add(i, lre)
		}
	}
	return s
}

func (s *signatures) add(pattern int, lre string) {
	groups := required(lre, signatureGroups)
	has := map[string]bool{}
	step := max(1, (len(groups)+maxSignatures-1)/maxSignatures)
	for k := 0; k < len(groups); k += step {
		if g := groups[k]; !has[g.words] {
			s.of[g.words] = append(s.of[g.words], signature{len(s.forms), len(has), g.least, g.most})
			has[g.words] = true
		}
	}
	s.forms = append(s.forms, form{
		pattern: pattern,
		need:    (len(has) + 1) / 2,
		longest: sync.OnceValue(func() int { return longest(lre) }),
		groups:  sync.OnceValue(func() []group { return required(lre, math.MaxInt) }),
	})
}

// near returns the words of a text that a match of each form can have, by form, with those
// beside. A form without a signature may match anywhere.
func (s *signatures) near(words []word) [][]span {
	hits := make([][]hit, len(s.forms))
	all := grams(words)
	for i, g := range all {
		for _, of := range s.of[g] {
			if len(hits[of.form]) <= maxHits {
				slack := slackOf(of.most)
				hits[of.form] = append(hits[of.form],
					hit{i - of.most - slack, of.number, true}, hit{i - of.least + slack + 1, of.number, false})
			}
		}
	}
	has := sync.OnceValue(func() map[string]bool {
		out := make(map[string]bool, len(all))
		for _, g := range all {
			out[g] = true
		}
		return out
	})
	out := make([][]span, len(s.forms))
	for i := range s.forms {
		f := &s.forms[i]
		if len(hits[i]) < 2*f.need {
			continue
		}
		spans := []span{{0, len(words)}}
		if f.need > 0 && len(hits[i]) <= maxHits {
			spans = agreeing(hits[i], f.need)
		}
		if len(spans) == 0 || f.need > 0 && !f.in(has()) {
			continue
		}
		for k := range spans {
			spans[k].start -= beside
			spans[k].end += f.longest() + slackOf(f.longest()) + beside
		}
		out[i] = merged(spans)
	}
	return out
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

// group is some words in a row, as many words after the start of a pattern.
type group struct {
	words       string
	least, most int
}

// choices returns what a pattern that is one choice may choose, of any other the pattern.
func choices(lre string) []string {
	if _, after, ok := strings.Cut(lre, "**//"); ok {
		lre = after
	}
	in, opens := strings.CutPrefix(strings.TrimSpace(lre), "((")
	in, closes := strings.CutSuffix(in, "))")
	if !opens || !closes {
		return []string{lre}
	}
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(in)-1; i++ {
		switch in[i : i+2] {
		case "((":
			depth++
			i++
		case "))":
			if depth--; depth < 0 {
				return []string{lre}
			}
			i++
		case "||":
			if depth == 0 {
				out = append(out, in[start:i])
				start = i + 2
			}
		}
	}
	return append(out, in[start:])
}

// required returns the word groups that every text which matches a pattern has: those
// outside of its choices, options and wildcards.
func required(lre string, limit int) []group {
	var out []group
	var run strings.Builder
	depth, least, most := 0, 0, 0
	flush := func() {
		words := split(run.String())
		run.Reset()
		if depth == 0 {
			for i, g := range grams(words) {
				if g != "" {
					out = append(out, group{g, least + i, most + i})
				}
			}
			least += len(words)
		}
		most += len(words)
	}
	for lre != "" && len(out) < limit {
		switch {
		case strings.HasPrefix(lre, "//**"):
			_, lre, _ = strings.Cut(lre, "**//")
		case strings.HasPrefix(lre, "(("):
			flush()
			depth, lre = depth+1, lre[2:]
		case strings.HasPrefix(lre, "))"):
			flush()
			depth, lre = depth-1, strings.TrimPrefix(lre[2:], "??")
		case strings.HasPrefix(lre, "__"):
			flush()
			lre = strings.TrimLeft(lre, "_")
			n := len(lre) - len(strings.TrimLeft(lre, "0123456789"))
			any, _ := strconv.Atoi(lre[:n])
			most, lre = most+any, strings.TrimLeft(lre[n:], "_")
		default:
			n := len(lre)
			if i := strings.IndexAny(lre[1:], "/()_"); i >= 0 {
				n = i + 1
			}
			run.WriteString(lre[:n])
			lre = lre[n:]
		}
	}
	flush()
	return out
}

// longest is a bound of the words that a pattern matches: all it has, whichever it chooses.
func longest(lre string) int {
	words := split(lre)
	n := len(words)
	for _, m := range wildcard.FindAllStringSubmatch(lre, -1) {
		any, _ := strconv.Atoi(m[1])
		n += any
	}
	return n
}

var wildcard = regexp.MustCompile(`__([0-9]+)__`)

// grams are the groups of words in a row, by their first word. Those with a word that texts
// write in many ways are empty.
func grams(words []word) []string {
	if len(words) < signatureWords {
		return nil
	}
	var all strings.Builder
	ends := make([]int, len(words))
	for i, w := range words {
		all.WriteString(w.text)
		ends[i] = all.Len()
		all.WriteByte(' ')
	}
	out := make([]string, len(words)-signatureWords+1)
	start, odd := 0, -1
	for i, w := range words {
		if strings.Contains(w.text, "copyright") || strings.Contains(w.text, "http") {
			odd = i
		}
		if first := i - signatureWords + 1; first >= 0 {
			if odd < first {
				out[first] = all.String()[start:ends[i]]
			}
			start = ends[first] + 1
		}
	}
	return out
}

// word is a word at bytes of a text.
type word struct {
	text       string
	start, end int
}

// split returns the words of a text in the form in which licensecheck compares them, for
// those that it does not correct.
func split(text string) []word {
	words := make([]word, 0, len(text)/6)
	start := -1
	end := func(at int) {
		if start >= 0 {
			words = append(words, word{same(strings.ToLower(text[start:at])), start, at})
		}
		start = -1
	}
	for i, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == utf8.RuneError {
			if start < 0 {
				start = i
			}
			continue
		}
		end(i)
	}
	end(len(text))
	return words
}

// same is the word that licensecheck takes a word for.
func same(word string) string {
	switch word {
	case "are":
		return "is"
	case "them", "they":
		return "it"
	case "these", "this", "those":
		return "the"
	case "copies":
		return "copy"
	}
	return word
}
