package check

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// shape says which fields an object may have.
type shape struct {
	// rules that it breaks where a field is missing, of another type, or not known.
	missing, wrong, unknown string
	fields                  map[string]field
}

// field is a field of an object.
type field struct {
	kind kind
	of   kind // of a list's values
	need bool
}

// fields reads a list of fields: a name, "!" when it must be there, ":" and its kind when
// it is not a string: "list" is of strings, "objects" a list of objects.
func fields(text string) map[string]field {
	out := map[string]field{}
	for word := range strings.FieldsSeq(text) {
		name, as, _ := strings.Cut(word, ":")
		f := field{kind: kindText}
		switch as {
		case "bool":
			f.kind = kindBool
		case "number":
			f.kind = kindNumber
		case "object":
			f.kind = kindObject
		case "list":
			f.kind, f.of = kindList, kindText
		case "objects":
			f.kind, f.of = kindList, kindObject
		}
		name, f.need = strings.CutSuffix(name, "!")
		out[name] = f
	}
	return out
}

// shaped checks the fields of an object. It is false for a value that is no object.
func (c *checker) shaped(n *node, at *place, s *shape) bool {
	if n.kind != kindObject {
		c.report(s.wrong, at, "%s, want an object", wording.A(n.kind.String()))
		return false
	}
	for i, name := range n.names {
		f, ok := s.fields[name]
		if !ok {
			if s.unknown != "" && !strings.HasPrefix(name, "$") {
				c.report(s.unknown, at.field(name), "the specification has no field %q here", name)
			}
			continue
		}
		c.typed(&n.items[i], at.field(name), f, s)
	}
	for _, name := range s.needed() {
		if n.get(name) == nil {
			c.report(s.missing, at, "no %s", name)
		}
	}
	return true
}

// needed are the names of the fields that must be there, sorted.
func (s *shape) needed() []string {
	var out []string
	for name, f := range s.fields {
		if f.need {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// typed checks the type of a field's value.
func (c *checker) typed(v *node, at *place, f field, s *shape) {
	if v.kind != f.kind {
		c.report(s.wrong, at, "%s, want %s", wording.A(v.kind.String()), wording.A(f.kind.String()))
		return
	}
	if v.kind == kindText && f.need && v.text == "" {
		c.report(s.missing, at, "it is empty")
	}
	for i := range v.list() {
		if got := v.items[i].kind; got != f.of {
			c.report(s.wrong, at.item(i), "%s, want %s", wording.A(got.String()), wording.A(f.of.String()))
		}
	}
}
