package licence

import (
	"slices"
	"strings"
)

// Copyright reads the copyright file of a Debian package. A machine-readable one gives what
// is declared: the licences of all its Files stanzas, those of the source package's files
// that are in no binary package included; and what the texts of its License stanzas are
// concluded to be. Any other gives the licences whose tags, texts and references it has.
func (r *Reader) Copyright(b []byte) (declared, concluded Result) {
	c := r.files.of(string(b[:min(len(b), MaxText)]), r.copyright)
	return c.declared, c.concluded
}

// copyright is what a copyright file says.
type copyright struct{ declared, concluded Result }

func (r *Reader) copyright(text string) copyright {
	text = strings.ToValidUTF8(text, "?")
	if s, ok := parseMachine(text); ok {
		declared, concluded := r.machine(s)
		return copyright{declared, concluded}
	}
	return copyright{Result{}, r.plain(text)}
}

// plain is what a text says that is for people: nothing when it is not clear whether the
// licences in it all hold.
func (r *Reader) plain(text string) Result {
	got := r.read(text)
	if len(got.ids) == 0 || got.open {
		return Result{}
	}
	return result(all(got.ids), nil)
}

func all(ids []string) Expression {
	e := Expression{Join: "AND"}
	for _, id := range ids {
		e.Of = append(e.Of, Expression{ID: id})
	}
	return e
}

// machine is what a machine-readable file says.
func (r *Reader) machine(s stanzas) (declared, concluded Result) {
	says, is := Expression{Join: "AND"}, Expression{Join: "AND"}
	var saysRefs, isRefs []Extracted
	known, spent := true, 0
	seen := map[licenceField]bool{}
	for _, f := range s.files {
		if seen[f] {
			continue
		}
		seen[f] = true
		e, ok := parseShort(f.synopsis)
		if !ok {
			e = Expression{ID: f.synopsis}
			if f.synopsis == "" && f.text == "" {
				continue
			}
		}
		says.Of = append(says.Of, e.replace(func(l Expression) Expression { return s.says(l.ID, f, &saysRefs) }))
		if e.Join != "" && f.text != "" && s.texts[strings.ToLower(e.Of[0].ID)] == "" {
			one, ok := r.joined(e, f.text, &spent)
			is.Of, known = append(is.Of, one), known && ok
			continue
		}
		is.Of = append(is.Of, e.replace(func(l Expression) Expression {
			one, ok := r.is(l.ID, s.textOf(l.ID, f), &isRefs, &spent)
			known = known && ok
			return one
		}))
	}
	if len(says.Of) > 0 {
		declared = result(says, saysRefs)
	}
	if len(is.Of) > 0 && known {
		concluded = result(is, isRefs)
	}
	return declared, concluded
}

// textOf is the text for a name in a License field; empty when the file has none.
func (s stanzas) textOf(name string, f licenceField) string {
	if f.text != "" && strings.EqualFold(f.synopsis, name) {
		return f.text
	}
	return s.texts[strings.ToLower(name)]
}

// says is the licence of a name: SPDX's, or one with the text that the file has for it.
func (s stanzas) says(name string, f licenceField, refs *[]Extracted) Expression {
	if e, ok := shortName(name); ok {
		return e
	}
	text := s.textOf(name, f)
	if text == "" {
		text = name
	}
	ref := NewExtracted(name, text)
	*refs = append(*refs, ref)
	return Expression{ID: ref.ID}
}

// minCovered is the part of a stanza's words that have to be a licence's for it to be that
// licence and no variation of it.
const minCovered = 0.75

// is concludes what the text for a name is: a listed licence, or one of its own. It is
// false where there is no text, and where the file's texts take too long; spent is their
// cost.
func (r *Reader) is(name, text string, refs *[]Extracted, spent *int) (Expression, bool) {
	if text == "" || *spent > maxCost {
		return Expression{}, false
	}
	got := r.read(text)
	*spent += got.cost
	if e, ok := pointed(name, got); ok {
		return e, true
	}
	if len(got.ids) > 0 && !got.open && (got.covered >= minCovered || len(got.ids) == 1 && common.MatchString(text)) {
		m := withIn.FindStringIndex(name)
		if m == nil && !strings.Contains(strings.ToLower(text), "exception") {
			return all(got.ids), true
		}
		if m == nil && len(got.ids) == 1 && got.covered >= minCovered {
			return all(got.ids), true
		}
		if m != nil && len(got.ids) == 1 && strings.Contains(strings.ToLower(text), "exception") {
			if as, ok := exceptionNamed(name[m[1]:], got.ids[0]); ok {
				return Expression{ID: got.ids[0], Exception: as}, true
			}
		}
	}
	ref := NewExtracted(name, text)
	*refs = append(*refs, ref)
	return Expression{ID: ref.ID}, true
}

// pointed concludes a text that only says where a Debian system has the licence: what its
// name says of versions holds, when it is a name of that licence.
func pointed(name string, got reading) (Expression, bool) {
	if len(got.ids) > 0 || len(got.pointers) != 1 {
		return Expression{}, false
	}
	e, ok := Named(name)
	to, known := Named(got.pointers[0])
	bare := func(id string) string {
		return strings.TrimSuffix(strings.TrimSuffix(id, "-only"), "-or-later")
	}
	return e, ok && known && e.Join == "" && bare(e.ID) == bare(to.ID)
}

// joined concludes what one text for several names is, where all are joined in one way and
// the text has as many licences.
func (r *Reader) joined(e Expression, text string, spent *int) (Expression, bool) {
	e = simplify(e)
	if *spent > maxCost {
		return Expression{}, false
	}
	got := r.read(text)
	*spent += got.cost
	if slices.ContainsFunc(e.Of, func(l Expression) bool { return l.Join != "" }) || len(got.ids) != len(e.Of) {
		return Expression{}, false
	}
	out := all(got.ids)
	out.Join = e.Join
	return out, true
}
