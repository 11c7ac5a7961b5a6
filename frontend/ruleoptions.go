package frontend

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/frontend/directive"
	"github.com/sworn-build/sworn/frontend/rules"
	"github.com/sworn-build/sworn/step"
)

// parseAccept takes words ID:GLOB of rules that look at what the build made.
func parseAccept(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	words, err := directive.Patterns(value)
	if err != nil {
		return "", err
	}
	for _, w := range words {
		id, glob, ok := strings.Cut(w, ":")
		if !ok || glob == "" || !slices.Contains(step.EvidenceRules(), id) {
			return "", fmt.Errorf("%q is none of the words of accept; valid: ID:GLOB, where ID is %s", w, strings.Join(step.EvidenceRules(), ", "))
		}
	}
	return strings.Join(words, ","), nil
}

// checkAccept refuses what a build accepts and the operator does not, of a rule that the
// operator holds all builds to.
func (o Options) checkAccept(operators Options) error {
	set, theirs := o.ruleSet(), listed(operators.Accept)
	for _, w := range listed(o.Accept) {
		id, _, _ := strings.Cut(w, ":")
		if set.Held(id) && set.Level(id) != rules.Off && !slices.Contains(theirs, w) {
			return fmt.Errorf("accept=%s weakens %s, which the frontend image holds all builds to", w, id)
		}
	}
	return nil
}

// united has what the operator's image lists and what the build does.
func united(set, asked string) (string, error) {
	all := slices.Concat(listed(set), listed(asked))
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ","), nil
}

// tightenSources takes a part of the sources that the operator has declared.
func tightenSources(set, asked string) (string, error) {
	if set == "" {
		return asked, nil
	}
	for _, p := range listed(asked) {
		if !slices.Contains(listed(set), p) {
			return "", fmt.Errorf("sources=%s is none of those that the frontend image holds all builds to; valid: %s", p, set)
		}
	}
	if asked == "" {
		return "", fmt.Errorf("sources= takes away what the frontend image holds all builds to; valid: %s", set)
	}
	return asked, nil
}

// evidenceRules are the rules that the evidence has to answer; nil: none. One that has
// been given no list to compare with has nothing to find.
func (o Options) evidenceRules() *step.Rules {
	r := &step.Rules{Sources: listed(o.Sources), Licences: listed(o.Licences)}
	set := o.ruleSet()
	for _, id := range step.EvidenceRules() {
		switch {
		case set.Level(id) == rules.Off,
			id == rules.ListedLicence && len(r.Licences) == 0,
			id == rules.UndeclaredPackageSource && len(r.Sources) == 0:
			continue
		}
		r.On = append(r.On, id)
	}
	if len(r.On) == 0 {
		return nil
	}
	for _, w := range listed(o.Accept) {
		id, glob, _ := strings.Cut(w, ":")
		if r.Accepted == nil {
			r.Accepted = map[string][]string{}
		}
		r.Accepted[id] = append(r.Accepted[id], glob)
	}
	return r
}
