package licence

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/licensecheck"
)

// To compile the patterns of all licences takes longer than most steps, and each reads a
// text anew. So each is compiled, and used, when a text has half of its signatures: a few
// words in a row that the pattern cannot match without, but for typing errors, which it
// allows.

// signatureWords are the words of a signature, maxSignatures how many a pattern has at
// most. They are of its first signatureGroups groups of words.
const (
	signatureWords  = 4
	maxSignatures   = 6
	signatureGroups = 150
)

// signatures answers which patterns a text can match.
type signatures struct {
	of map[string][]int
	// need are how many of its signatures each pattern wants.
	need []int
}

func newSignatures(patterns []licensecheck.License) *signatures {
	s := &signatures{of: map[string][]int{}}
	for i, l := range patterns {
		groups := required(l.LRE)
		has := map[string]bool{}
		step := max(1, (len(groups)+maxSignatures-1)/maxSignatures)
		for k := 0; k < len(groups); k += step {
			if g := groups[k]; !has[g] {
				has[g] = true
				s.of[g] = append(s.of[g], i)
			}
		}
		s.need = append(s.need, (len(has)+1)/2)
	}
	return s
}

// candidates returns the indices of patterns that a text may match, in order.
func (s *signatures) candidates(words []string) []int {
	has := make([]int, len(s.need))
	seen := map[string]bool{}
	for _, g := range grams(words) {
		if of := s.of[g]; of != nil && !seen[g] {
			seen[g] = true
			for _, i := range of {
				has[i]++
			}
		}
	}
	var out []int
	for i, need := range s.need {
		if has[i] >= need {
			out = append(out, i)
		}
	}
	return out
}

// required returns the word groups that every text which matches a pattern has: those
// outside of its choices, options and wildcards.
func required(lre string) []string {
	var out []string
	var run strings.Builder
	depth := 0
	flush := func() {
		out = append(out, grams(split(run.String()))...)
		run.Reset()
	}
	for lre != "" && len(out) < signatureGroups {
		switch {
		case strings.HasPrefix(lre, "//**"):
			_, lre, _ = strings.Cut(lre, "**//")
		case strings.HasPrefix(lre, "(("):
			flush()
			depth, lre = depth+1, lre[2:]
		case strings.HasPrefix(lre, "))"):
			depth, lre = depth-1, strings.TrimPrefix(lre[2:], "??")
		case strings.HasPrefix(lre, "__"):
			flush()
			lre = strings.TrimLeft(strings.TrimLeft(lre, "_"), "0123456789")
			lre = strings.TrimLeft(lre, "_")
		default:
			if depth == 0 {
				run.WriteByte(lre[0])
			}
			lre = lre[1:]
		}
	}
	flush()
	return out
}

// grams are all groups of words in a row, but for those with a word that texts write in
// many ways.
func grams(words []string) []string {
	var out []string
	for i := signatureWords; i <= len(words); i++ {
		g := strings.Join(words[i-signatureWords:i], " ")
		if !strings.Contains(g, "copyright") && !strings.Contains(g, "http") {
			out = append(out, g)
		}
	}
	return out
}

// split returns the words of a text in the form in which licensecheck compares them, for
// those that it does not correct.
func split(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != utf8.RuneError
	})
	for i, w := range words {
		w = strings.ToLower(w)
		switch w {
		case "are":
			w = "is"
		case "them", "they":
			w = "it"
		case "these", "this", "those":
			w = "the"
		case "copies":
			w = "copy"
		}
		words[i] = w
	}
	return words
}
