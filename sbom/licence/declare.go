package licence

import "strings"

// maxDeclared bounds a declaration in bytes; a longer one is a text, not a name.
const maxDeclared = 4 << 10

// Declare returns the expression of a declaration, as databases and manifests have it: an
// SPDX expression, or words of a distribution. An id in an expression that SPDX does not
// list becomes a LicenseRef, as the whole of any other text does; what they carry is the
// declaration's own word. An empty one says nothing.
func Declare(text string) Result {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	if text == "" || len(text) > maxDeclared || strings.EqualFold(text, "UNKNOWN") || text == "NOASSERTION" || text == "NONE" {
		return Result{}
	}
	if e, ok := Named(text); ok {
		return result(e, nil)
	}
	var refs []Extracted
	if e, ok := Parse(text); ok {
		return result(e.replace(func(l Expression) Expression { return declaredID(l, &refs) }), refs)
	}
	if e, ok := parseShort(text); ok {
		known := true
		e = e.replace(func(l Expression) Expression {
			one, ok := shortName(l.ID)
			known = known && ok
			return one
		})
		if known {
			return result(e, nil)
		}
	}
	ref := NewExtracted(text, text)
	return result(Expression{ID: ref.ID}, []Extracted{ref})
}

// replace returns the expression with something else for each id.
func (l Expression) replace(by func(Expression) Expression) Expression {
	if l.Join == "" {
		return by(l)
	}
	out := Expression{Join: l.Join}
	for _, one := range l.Of {
		out.Of = append(out.Of, one.replace(by))
	}
	return out
}

// declaredID makes an id of an expression one that a document may have.
func declaredID(l Expression, refs *[]Extracted) Expression {
	if e, ok := Named(l.ID); ok && e.Join == "" {
		if l.Exception == "" {
			return e
		}
		if as, ok := exceptionNamed(l.Exception, e.ID); ok {
			e.Exception = as
			return e
		}
	} else if ok && l.Exception == "" {
		return e
	}
	ref := NewExtracted(l.String(), l.String())
	*refs = append(*refs, ref)
	return Expression{ID: ref.ID}
}
