package licence

import (
	"slices"
	"strings"
)

// Expression is an SPDX licence expression: an id, or others joined.
type Expression struct {
	// ID and Exception ("ID WITH EXCEPTION") of one that joins no others.
	ID, Exception string
	// Join is "OR" or "AND" of those in Of; empty of an ID.
	Join string
	Of   []Expression
}

// Each reports whether every id of an expression is as it is wanted.
func (l Expression) Each(want func(Expression) bool) bool {
	if l.Join == "" {
		return want(l)
	}
	return !slices.ContainsFunc(l.Of, func(l Expression) bool { return !l.Each(want) })
}

// Needs reports whether a listed licence cannot be avoided.
func (l Expression) Needs(listed func(string) bool) bool {
	switch l.Join {
	case "OR":
		return !slices.ContainsFunc(l.Of, func(l Expression) bool { return !l.Needs(listed) })
	case "AND":
		return slices.ContainsFunc(l.Of, func(l Expression) bool { return l.Needs(listed) })
	}
	return listed(l.ID) || l.Exception != "" && listed(l.ID+" WITH "+l.Exception)
}

// maxWords bounds an expression: parentheses nest only as deep as a written one
// would.
const maxWords = 256

// Parse reads an SPDX licence expression (annex D); false when it is none.
func Parse(s string) (Expression, bool) {
	return parse(s, maxWords)
}

// parse is Parse of an expression of at most so many words.
func parse(s string, most int) (Expression, bool) {
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(s))
	if len(words) > most {
		return Expression{}, false
	}
	p := &parser{words: words}
	l, ok := p.joined("OR")
	return l, ok && len(p.words) == 0
}

// parser reads licence expressions: the words left.
type parser struct{ words []string }

func (p *parser) take(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

// joined reads what one word joins; AND binds more than OR.
func (p *parser) joined(by string) (Expression, bool) {
	all := Expression{Join: by}
	for {
		var one Expression
		var ok bool
		if by == "OR" {
			one, ok = p.joined("AND")
		} else {
			one, ok = p.single()
		}
		if !ok {
			return Expression{}, false
		}
		all.Of = append(all.Of, one)
		if !p.take(by) {
			return all, true
		}
	}
}

func (p *parser) single() (Expression, bool) {
	if p.take("(") {
		l, ok := p.joined("OR")
		return l, ok && p.take(")")
	}
	var l Expression
	var ok bool
	if l.ID, ok = p.word(); !ok || !p.take("WITH") {
		return l, ok
	}
	l.Exception, ok = p.word()
	return l, ok
}

// word takes an id or an exception.
func (p *parser) word() (string, bool) {
	if len(p.words) == 0 || slices.Contains([]string{"(", ")", "AND", "OR", "WITH"}, p.words[0]) {
		return "", false
	}
	if strings.TrimLeft(p.words[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.+:") != "" {
		return "", false
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w, true
}
