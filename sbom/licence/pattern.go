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

// parseParts returns the parts of a pattern.
func parseParts(lre string) []part {
	parts, _, _ := partsUntil(lre)
	return parts
}

// partsUntil reads parts up to the end of a pattern or of one of a choice's: it returns
// what ends it, which is a text at the end of the pattern, and the rest.
func partsUntil(lre string) (parts []part, end tokenKind, rest string) {
	var run strings.Builder
	add := func(ps ...part) {
		p := part{words: split(run.String())}
		for _, w := range p.words {
			word := lower(run.String(), w)
			if as, ok := sameWords[word]; ok {
				word = as
			}
			p.said = append(p.said, word)
		}
		run.Reset()
		if len(p.words) > 0 {
			parts = append(parts, p)
		}
		parts = append(parts, ps...)
	}
	for lre != "" {
		var t token
		t, lre = nextToken(lre)
		switch t.kind {
		case tokenText:
			run.WriteString(t.text)
		case tokenAny:
			add(part{any: t.any})
		case tokenOpen:
			choice := part{}
			for end = tokenOr; end == tokenOr; {
				var one []part
				one, end, lre = partsUntil(lre)
				choice.of = append(choice.of, one)
			}
			choice.maybe = end == tokenMaybe
			add(choice)
		case tokenClose, tokenMaybe, tokenOr:
			add()
			return parts, t.kind, lre
		}
	}
	add()
	return parts, tokenText, ""
}
