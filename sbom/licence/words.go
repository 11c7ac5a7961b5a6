package licence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word at bytes of a text.
type word struct {
	// hash is of the word that licensecheck takes it for, in lower case. Words of one hash
	// count as one: at worst a pattern reads a text in vain.
	hash       uint64
	start, end int
	// odd: texts write it in many ways.
	odd bool
}

// hashStart and hashPrime are those of FNV-1a
// (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv-17).
const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

func hashed(hash uint64, s string) uint64 {
	for i := range len(s) {
		hash = (hash ^ uint64(s[i])) * hashPrime
	}
	return hash
}

func hashOf(s string) uint64 { return hashed(hashStart, s) }

// plural is what is read as the ending of a word.
const plural = "(s)"

// split returns the words of a text as licensecheck splits it, without markup.
func split(text string) []word {
	words := make([]word, 0, len(text)/6)
	add := func(w word) {
		last := len(words) - 1
		if w.hash == hashCopyright && last >= 0 && words[last].hash == w.hash {
			return
		}
		words = append(words, w)
	}
	for i := 0; i < len(text); {
		if n := markup(text[i:]); n > 0 {
			if text[i:i+n] == "&copy;" {
				add(copyrightAt(i, i+n))
			}
			i += n
			continue
		}
		if sign := "©"; strings.HasPrefix(text[i:], sign) {
			add(copyrightAt(i, i+len(sign)))
			i += len(sign)
			continue
		}
		w := wordAt(text, i)
		if w.end == i {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		i = w.end
		if w.hash == hashC && w.start > 0 && text[w.start-1] == '(' && strings.HasPrefix(text[i:], ")") {
			w = copyrightAt(w.start-1, i+1)
		}
		if strings.HasPrefix(text[i:], plural) {
			w.hash, w.end = hashed(w.hash, "s"), i+len(plural)
			i = w.end
		}
		w.hash = same(w.hash, w.end-w.start)
		add(w)
	}
	return words
}

// copyrightAt is a word or sign for copyright.
func copyrightAt(start, end int) word {
	return word{hash: hashCopyright, start: start, end: end, odd: true}
}

// wordAt is the word that starts at a byte of a text, empty where none does.
func wordAt(text string, at int) word {
	w := word{hash: hashStart, start: at, end: at}
	for w.end < len(text) {
		c := lowerASCII[text[w.end]]
		if c != 0 {
			w.hash = (w.hash ^ uint64(c)) * hashPrime
			w.end++
			w.odd = w.odd || c == 'p' && endsIn(text[at:w.end], "http") || c == 't' && endsIn(text[at:w.end], "copyright")
			continue
		}
		if text[w.end] < utf8.RuneSelf {
			break
		}
		r, size := utf8.DecodeRuneInString(text[w.end:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && (w.end == at || !unicode.Is(unicode.Mn, r)) {
			break
		}
		w.hash = hashed(w.hash, string(unicode.ToLower(r)))
		w.end += size
	}
	return w
}

// lowerASCII has the letters and digits of ASCII in lower case, 0 for the rest.
var lowerASCII = func() (out [256]byte) {
	for c := range out {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			out[c] = byte(c)
		case 'A' <= c && c <= 'Z':
			out[c] = byte(c) - 'A' + 'a'
		}
	}
	return out
}()

// endsIn reports whether a word has an ending, which is in lower case.
func endsIn(w, ending string) bool {
	return len(w) >= len(ending) && strings.EqualFold(w[len(w)-len(ending):], ending)
}

// countWords returns how many words a text has, those in markup as well.
func countWords(text string) int {
	n, in := 0, false
	for _, r := range text {
		is := r < utf8.RuneSelf && lowerASCII[r] != 0 ||
			r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == utf8.RuneError)
		if is && !in {
			n++
		}
		in = is
	}
	return n
}

var hashC, hashCopyright = hashOf("c"), hashOf("copyright")

// sameWords are those that licensecheck takes for others.
var sameWords = map[string]string{
	"are": "is", "them": "it", "they": "it", "these": "the", "this": "the", "those": "the", "copies": "copy", "https": "http",
}

// sameHashes has their hashes.
var sameHashes = func() map[uint64]uint64 {
	out := map[uint64]uint64{}
	for from, to := range sameWords {
		out[hashOf(from)] = hashOf(to)
	}
	return out
}()

// longestSame is how many bytes the longest of these words has.
const longestSame = len("copies")

// same is the hash of what licensecheck takes a word of some bytes for.
func same(hash uint64, size int) uint64 {
	if size <= longestSame {
		if as, ok := sameHashes[hash]; ok {
			return as
		}
	}
	return hash
}

// grams are the hashes of the groups of words in a row, by their first word. Those with an
// odd word are 0.
func grams(words []word) []uint64 {
	if len(words) < signatureWords {
		return nil
	}
	out := make([]uint64, len(words)-signatureWords+1)
	odd := -1
	for i := range words {
		if words[i].odd {
			odd = i
		}
		first := i - signatureWords + 1
		if first < 0 || odd >= first {
			continue
		}
		g := uint64(hashStart)
		for _, w := range words[first : i+1] {
			g = (g<<13 | g>>51) ^ w.hash*hashPrime
		}
		out[first] = g
	}
	return out
}
