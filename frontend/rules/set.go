package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Level is what happens when a rule finds something.
type Level string

// Levels, the weakest first.
const (
	Off   Level = "off"   // the rule is not checked
	Warn  Level = "warn"  // the build warns
	Error Level = "error" // the build fails
)

var levels = []Level{Off, Warn, Error}

// weaker reports whether a level is less than another.
func (l Level) weaker(than Level) bool { return slices.Index(levels, l) < slices.Index(levels, than) }

// Set has a level for every rule. The zero value has all of them off.
type Set struct {
	levels map[string]Level
	held   map[string]bool // rules that the operator has named
}

// Words of an option's value, beside ID:LEVEL and all:LEVEL.
const (
	wordDefault = "default" // every rule at the level of the table
	wordNone    = "none"    // every rule off
	wordAll     = "all"
)

// Default is the set of a build that asks for nothing.
func Default() Set {
	s := Set{levels: map[string]Level{}}
	for _, r := range Table() {
		s.levels[r.ID] = r.Level
	}
	return s
}

// Parse reads the value of the option rules: words with commas between, each of which
// changes the default, from left to right: ID:LEVEL, all:LEVEL, default or none. Unknown
// ids, levels and words are errors that list the valid ones.
func Parse(text string) (Set, error) {
	s := Default()
	_, err := s.apply(text)
	return s, err
}

// Tighten reads what a build asks for where an operator has set rules for all of them:
// the words change the operator's set. A rule that the operator has named, or included in
// all or none or default, cannot become weaker than it is there; that is an error.
func Tighten(operator, asked string) (Set, error) {
	s := Default()
	named, err := s.apply(operator)
	if err != nil {
		return Set{}, err
	}
	s.held = named
	least := s.clone()
	if _, err := s.apply(asked); err != nil {
		return Set{}, err
	}
	for _, r := range Table() {
		if set, got := least.Level(r.ID), s.Level(r.ID); named[r.ID] && got.weaker(set) {
			return Set{}, fmt.Errorf("%s:%s is weaker than %s:%s, which the frontend image holds all builds to; valid: %s", r.ID, got, r.ID, set, strings.Join(from(set), ", "))
		}
	}
	return s, nil
}

// from are a level and those above it.
func from(l Level) []string {
	var out []string
	for _, x := range levels[slices.Index(levels, l):] {
		out = append(out, string(x))
	}
	return out
}

// apply changes the set and returns the ids of the rules that the words are about.
func (s Set) apply(text string) (named map[string]bool, err error) {
	named = map[string]bool{}
	if text == "" {
		return named, nil
	}
	for _, word := range strings.Split(text, ",") {
		if err := s.word(word, named); err != nil {
			return nil, err
		}
	}
	return named, nil
}

func (s Set) word(word string, named map[string]bool) error {
	id, level, ok := strings.Cut(word, ":")
	if !ok {
		switch word {
		case wordDefault, wordNone:
			for _, r := range Table() {
				s.levels[r.ID], named[r.ID] = Off, true
				if word == wordDefault {
					s.levels[r.ID] = r.Level
				}
			}
			return nil
		}
		return fmt.Errorf("%q is none of the words of rules; valid: ID:LEVEL, %s:LEVEL, %s, %s", word, wordAll, wordDefault, wordNone)
	}
	if !slices.Contains(levels, Level(level)) {
		return fmt.Errorf("unknown level %q of rule %s; valid: %s, %s, %s", level, id, Off, Warn, Error)
	}
	found := false
	var ids []string
	for _, r := range Table() {
		if r.ID == id || id == wordAll {
			s.levels[r.ID], named[r.ID], found = Level(level), true, true
		}
		ids = append(ids, r.ID)
	}
	if !found {
		return fmt.Errorf("unknown rule %q; valid: %s, %s", id, wordAll, strings.Join(ids, ", "))
	}
	return nil
}

func (s Set) clone() Set { return Set{maps.Clone(s.levels), s.held} }

// Level is that of a rule, Off for an unknown one.
func (s Set) Level(id string) Level {
	if l, ok := s.levels[id]; ok {
		return l
	}
	return Off
}

// Held reports whether the operator has named a rule: builds may not weaken it.
func (s Set) Held(id string) bool { return s.held[id] }

// Any reports whether a rule that looks at a place is on.
func (s Set) Any(p Place) bool {
	return slices.ContainsFunc(Table(), func(r Rule) bool { return r.Place == p && s.Level(r.ID) != Off })
}

// String is the set as [Parse] reads it: none, and every rule that is on, by id. It does
// not depend on the defaults, so another version of the table reads the same.
func (s Set) String() string {
	out := []string{wordNone}
	for _, r := range Table() {
		if l := s.Level(r.ID); l != Off {
			out = append(out, r.ID+":"+string(l))
		}
	}
	return strings.Join(out, ",")
}
