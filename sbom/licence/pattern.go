package licence

import (
	"strconv"
	"strings"
)

// tokenKind is what a part of a pattern is
// (https://pkg.go.dev/github.com/google/licensecheck#License).
type tokenKind int

const (
	tokenText    tokenKind = iota
	tokenComment           // //** TEXT **//
	tokenOpen              // ((
	tokenClose             // ))
	tokenMaybe             // ))??
	tokenOr                // ||
	tokenAny               // __N__, up to N words
)

// token is a part of a pattern.
type token struct {
	kind tokenKind
	text string // of tokenText
	any  int    // of tokenAny
}

// nextToken reads the first token of a pattern that is not empty, and returns the rest.
func nextToken(lre string) (token, string) {
	switch {
	case strings.HasPrefix(lre, "//**"):
		_, rest, _ := strings.Cut(lre, "**//")
		return token{kind: tokenComment}, rest
	case strings.HasPrefix(lre, "(("):
		return token{kind: tokenOpen}, lre[2:]
	case strings.HasPrefix(lre, "))"):
		if rest, maybe := strings.CutPrefix(lre[2:], "??"); maybe {
			return token{kind: tokenMaybe}, rest
		}
		return token{kind: tokenClose}, lre[2:]
	case strings.HasPrefix(lre, "||"):
		return token{kind: tokenOr}, lre[2:]
	case strings.HasPrefix(lre, "__"):
		lre = strings.TrimLeft(lre, "_")
		n := len(lre) - len(strings.TrimLeft(lre, "0123456789"))
		any, _ := strconv.Atoi(lre[:n])
		return token{kind: tokenAny, any: any}, strings.TrimLeft(lre[n:], "_")
	}
	n := len(lre)
	if i := strings.IndexAny(lre[1:], "/()|_"); i >= 0 {
		n = i + 1
	}
	return token{kind: tokenText, text: lre[:n]}, lre[n:]
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

// group is some words in a row, as many words after the start of a pattern.
type group struct {
	hash        uint64
	least, most int
}

// required returns word groups that every text which matches a pattern has: those outside
// of its choices, options and wildcards. Limit is how many it returns at least, when there
// are as many.
func required(lre string, limit int) []group {
	var out []group
	var run strings.Builder
	depth, least, most := 0, 0, 0
	flush := func() {
		words := split(run.String())
		run.Reset()
		if depth == 0 {
			for i, g := range grams(words) {
				if g != 0 {
					out = append(out, group{g, least + i, most + i})
				}
			}
			least += len(words)
		}
		most += len(words)
	}
	for lre != "" && len(out) < limit {
		var t token
		t, lre = nextToken(lre)
		switch t.kind {
		case tokenText:
			run.WriteString(t.text)
		case tokenOpen:
			flush()
			depth++
		case tokenClose, tokenMaybe:
			flush()
			depth--
		case tokenOr, tokenAny:
			flush()
			most += t.any
		}
	}
	flush()
	return out
}

// part is one of those that a pattern has in a row.
type part struct {
	// words in a row, and how licensecheck has them.
	words []word
	said  []string
	// any is up to how many words may be here.
	any int
	// of are what there may be here: one of some, or with maybe nothing.
	of    [][]part
	maybe bool
}

// partReader reads the parts of a pattern one after the other.
type partReader struct{ rest string }

// next returns the next part, nil at the end of the pattern or of one that it may choose.
// end is what ends it: tokenText for the pattern.
func (r *partReader) next() (p *part, end tokenKind) {
	var run strings.Builder
	for r.rest != "" {
		t, rest := nextToken(r.rest)
		if t.kind != tokenText && t.kind != tokenComment {
			if p := wordsOf(run.String()); p != nil {
				return p, t.kind
			}
		}
		r.rest = rest
		switch t.kind {
		case tokenText:
			run.WriteString(t.text)
		case tokenAny:
			return &part{any: t.any}, t.kind
		case tokenOpen:
			return r.choice()
		case tokenClose, tokenMaybe, tokenOr:
			return nil, t.kind
		}
	}
	return wordsOf(run.String()), tokenText
}

// choice reads a part that may be one of several.
func (r *partReader) choice() (*part, tokenKind) {
	out, end := &part{}, tokenOr
	for end == tokenOr {
		var one []part
		p, kind := r.next()
		for ; p != nil; p, kind = r.next() {
			one = append(one, *p)
		}
		out.of, end = append(out.of, one), kind
	}
	out.maybe = end == tokenMaybe
	return out, end
}

// wordsOf is the part that is some words, nil for a text without.
func wordsOf(text string) *part {
	p := &part{words: split(text)}
	if len(p.words) == 0 {
		return nil
	}
	for _, w := range p.words {
		word := lower(text, w)
		if as, ok := sameWords[word]; ok {
			word = as
		}
		p.said = append(p.said, word)
	}
	return p
}
