package licence

import (
	"maps"
	"slices"
	"strings"
)

// Refer is the declaration of a package that names a file of its own: a licence that the
// file's text is of. Without one it says nothing but the name.
func (r *Reader) Refer(name string, text []byte) Result {
	name = strings.TrimSpace(name)
	s := strings.TrimSpace(strings.ToValidUTF8(string(text), "?"))
	if s == "" {
		s = "SEE LICENSE IN " + name
	}
	ref := NewExtracted(name, s)
	return result(Expression{ID: ref.ID}, []Extracted{ref})
}

// Texts concludes what the licence files of a package are. Several are what all of them
// say; where they are of different licences, whether all hold or one may be chosen is
// known only when they are those of the declared expression.
func (r *Reader) Texts(files map[string][]byte, declared Result) Result {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		got := r.read(strings.ToValidUTF8(string(files[name]), "?"))
		if len(got.ids) == 0 || got.open {
			return Result{}
		}
		found = append(found, got.ids...)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	switch len(found) {
	case 0:
		return Result{}
	case 1:
		return result(Expression{ID: found[0]}, nil)
	}
	if e, ok := Parse(declared.Expression); ok {
		var ids []string
		e.Each(func(e Expression) bool { ids = append(ids, e.String()); return true })
		slices.Sort(ids)
		if slices.Equal(slices.Compact(ids), found) {
			return declared
		}
	}
	if len(files) == 1 {
		return result(all(found), nil)
	}
	return Result{}
}

// Classifier returns the licence of a Python classifier (https://pypi.org/classifiers/)
// as text for [Declare]; empty for one that is about no licence.
func Classifier(text string) string {
	rest, ok := strings.CutPrefix(text, "License ::")
	if !ok {
		return ""
	}
	if i := strings.LastIndex(rest, "::"); i >= 0 {
		rest = rest[i+2:]
	}
	rest = strings.TrimSpace(rest)
	if i := strings.LastIndex(rest, "("); i >= 0 && strings.HasSuffix(rest, ")") {
		if short := rest[i+1 : len(rest)-1]; Known(short) {
			return short
		}
	}
	return rest
}

// Known reports whether a declaration is of licences that SPDX lists alone.
func Known(text string) bool {
	d := Declare(text)
	return d.Expression != "" && len(d.Refs) == 0
}
