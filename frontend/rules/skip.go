package rules

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// skips are the ids of a check directive's skip, which may be "all".
type skips []string

const skipAll = "all"

func (s skips) has(id string) bool { return slices.Contains(s, id) || slices.Contains(s, skipAll) }

func skipsOf(c *linter.Config) skips {
	if c.SkipAll {
		return skips{skipAll}
	}
	return c.SkipRules
}

// skipsAbove reads the comments above an instruction as BuildKit does: the first check
// directive counts, and what follows it behind a space is its reason.
func skipsAbove(comments []string) skips {
	for _, comment := range comments {
		var p parser.DirectiveParser
		p.SetComment("")
		d, _ := p.ParseLine([]byte(comment))
		if d == nil || d.Name != "check" {
			continue
		}
		value, _, _ := strings.Cut(d.Value, " ")
		c, err := linter.ParseLintOptions(value)
		if err != nil {
			return nil
		}
		return skipsOf(c)
	}
	return nil
}

// skippable reports whether a Dockerfile may skip a rule: what is to fail the build it
// may not, nor what the operator has named.
func (s Set) skippable(id string) bool { return s.Level(id) == Warn && !s.held[id] }

// Skip returns the set without the rules that the Dockerfile's check directive skips, as
// far as it may: at level warn, and not named by the operator.
func (f *File) Skip(s Set) Set {
	out := s.clone()
	for _, r := range Table() {
		if f.skips.has(r.ID) && s.skippable(r.ID) {
			out.levels[r.ID] = Off
		}
	}
	return out
}

// Unskipped returns the findings less those that a check directive above their
// instruction skips, as far as it may.
func (f *File) Unskipped(s Set, findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(x Finding) bool {
		return f.above[x.Line()].has(x.Rule) && s.skippable(x.Rule)
	})
}
