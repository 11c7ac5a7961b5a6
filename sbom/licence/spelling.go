package licence

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// spelling finds words in a row of a pattern in a text as licensecheck may take them for it:
// with one letter more, less or another in a word, a word in two parts, or two words as one.
type spelling struct {
	in *passage
	*part
}

// at returns the word of the text after the pattern's that begin at one, -1 when they do
// not. The first may be the end of it, the word before being its begin.
func (s *spelling) at(i int) int {
	if !s.like(0, i) {
		return -1
	}
	if end := s.from(0, i); end >= 0 {
		return end
	}
	if first, have := s.said[0], s.in.lower(i); len(have) > len(first) && strings.HasSuffix(have, first) {
		return s.from(1, i+1)
	}
	return -1
}

// from is at for the pattern's words from one on.
func (s *spelling) from(k, i int) int {
	for k < len(s.words) && i < len(s.in.words) && s.in.words[i].hash == s.words[k].hash {
		k, i = k+1, i+1
		s.in.left--
	}
	if k == len(s.words) {
		return i
	}
	if i >= len(s.in.words) || !s.like(k, i) {
		return -1
	}
	word, have := s.said[k], s.in.lower(i)
	if misspelled(word, have) {
		if end := s.from(k+1, i+1); end >= 0 {
			return end
		}
	}
	switch {
	case len(have) < len(word):
		if strings.HasPrefix(word, have) && i+1 < len(s.in.words) && word[len(have):] == s.in.lower(i+1) {
			return s.from(k+1, i+2)
		}
	case len(have) > len(word) && strings.HasPrefix(have, word):
		if k+1 == len(s.words) {
			return i + 1
		}
		if have[len(word):] == s.said[k+1] {
			return s.from(k+2, i+1)
		}
	}
	return -1
}

// like reports whether a word of the text may be one of the pattern, the begin or end of it,
// or have it as its own, with all that a quick look at their letters cannot tell.
func (s *spelling) like(k, i int) bool {
	w, word := &s.in.words[i], s.said[k]
	if w.hash == s.words[k].hash || w.odd || s.words[k].odd || word == "c" {
		return true
	}
	first, last := lowerASCII[s.in.text[w.start]], lowerASCII[s.in.text[w.end-1]]
	if first != word[0] && last != word[len(word)-1] && first != 0 && last != 0 {
		return false
	}
	have := s.in.text[w.start:w.end]
	less := min(len(have), len(word))
	begin, end := 0, 0
	for begin < less && lowerASCII[have[begin]] == word[begin] {
		begin++
	}
	for end < less && lowerASCII[have[len(have)-1-end]] == word[len(word)-1-end] {
		end++
	}
	return begin+end >= max(len(have), len(word))-1 || begin == less || end == less ||
		strings.HasSuffix(have, plural) || !ascii(have) || !ascii(word)
}

// lower is a word in lower case.
func (p *passage) lower(i int) string { return lower(p.text, p.words[i]) }

func lower(text string, w word) string {
	word := strings.ToLower(text[w.start:w.end])
	if bare, ok := strings.CutSuffix(word, plural); ok {
		return bare + "s"
	}
	return word
}

// shortest is how many bytes the longer of a word and what it may be taken for has at least.
const shortest = 4

// copyrights are the words and signs that may stand for each other.
var copyrights = []string{"c", "(c)", "copyright", "©", "&copy;"}

// misspelled reports whether a word may be taken for another that is wanted. What is not
// ASCII may be anything.
func misspelled(want, have string) bool {
	if slices.Contains(copyrights, want) && slices.Contains(copyrights, have) || !ascii(want) || !ascii(have) {
		return true
	}
	less, more := min(len(have), len(want)), max(len(have), len(want))
	if less < more-1 || more < shortest {
		return false
	}
	begin, end := 0, 0
	for begin < less && have[begin] == want[begin] {
		begin++
	}
	for end < less && have[len(have)-1-end] == want[len(want)-1-end] {
		end++
	}
	return begin+end >= more-1
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
