package licence

import (
	"slices"
	"strings"
)

// String writes an expression with as few parentheses as it takes.
func (l Expression) String() string {
	if l.Join == "" {
		if l.Exception != "" {
			return l.ID + " WITH " + l.Exception
		}
		return l.ID
	}
	var parts []string
	for _, one := range l.Of {
		s := one.String()
		if l.Join == "AND" && one.Join == "OR" && len(one.Of) > 1 {
			s = "(" + s + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " "+l.Join+" ")
}

func (l Expression) has(id string) bool {
	return !l.Each(func(l Expression) bool { return l.ID != id })
}

// simplify takes away joins of one, joins in joins of the same kind, and what is there
// twice. What AND joins is sorted, what OR joins keeps its order, which is a preference.
func simplify(l Expression) Expression {
	if l.Join == "" {
		return l
	}
	out := Expression{Join: l.Join}
	seen := map[string]bool{}
	for _, one := range l.Of {
		one = simplify(one)
		parts := []Expression{one}
		if one.Join == l.Join {
			parts = one.Of
		}
		for _, p := range parts {
			if s := p.String(); !seen[s] {
				seen[s] = true
				out.Of = append(out.Of, p)
			}
		}
	}
	if len(out.Of) == 1 {
		return out.Of[0]
	}
	if out.Join == "AND" {
		slices.SortFunc(out.Of, func(a, b Expression) int { return strings.Compare(a.String(), b.String()) })
	}
	return out
}
