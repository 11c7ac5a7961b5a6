package licence

import (
	"regexp"
	"strings"
)

// The synopsis of a License field in Debian's machine-readable copyright files
// (https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/, section 7): short
// names joined by "or" and "and", of which a comma before makes one bind less.

var (
	joint  = regexp.MustCompile(`(?i)\s*(,)?\s+(and|or)\s+|\s*(,|;|\|)\s*`)
	withIn = regexp.MustCompile(`(?i)\s+with\s+`)
)

// parseShort reads a synopsis; each ID is a name as written, exception included. It is
// false for more names than an expression may have.
func parseShort(s string) (Expression, bool) {
	type joined struct {
		weak bool
		by   string
	}
	var names []string
	var joints []joined
	at := 0
	for _, m := range joint.FindAllStringSubmatchIndex(s, maxWords) {
		names = append(names, strings.TrimSpace(s[at:m[0]]))
		at = m[1]
		j := joined{by: "AND"}
		if m[4] >= 0 {
			j = joined{weak: m[2] >= 0, by: strings.ToUpper(s[m[4]:m[5]])}
		} else if s[m[6]:m[7]] == "|" {
			j.by = "OR"
		}
		joints = append(joints, j)
	}
	names = append(names, strings.TrimSpace(s[at:]))
	if len(names) >= maxWords {
		return Expression{}, false
	}
	for _, n := range names {
		if n == "" {
			return Expression{}, false
		}
	}
	// From the one that binds most to the one that binds least.
	level := make([]Expression, len(names))
	for i, n := range names {
		level[i] = Expression{ID: n}
	}
	for _, by := range []joined{{false, "AND"}, {false, "OR"}, {true, "AND"}, {true, "OR"}} {
		next := level[:1:1]
		var left []joined
		for i, j := range joints {
			if j == by {
				last := next[len(next)-1]
				next[len(next)-1] = Expression{Join: by.by, Of: []Expression{last, level[i+1]}}
				continue
			}
			next, left = append(next, level[i+1]), append(left, j)
		}
		level, joints = next, left
	}
	return level[0], true
}

// shortName returns the listed licence of a name in a synopsis, with its exception.
func shortName(name string) (Expression, bool) {
	if e, ok := Named(name); ok {
		return e, true
	}
	m := withIn.FindStringIndex(name)
	if m == nil {
		return Expression{}, false
	}
	e, ok := Named(name[:m[0]])
	if !ok || e.Join != "" {
		return Expression{}, false
	}
	e.Exception, ok = exceptionNamed(name[m[1]:], e.ID)
	return e, ok
}
