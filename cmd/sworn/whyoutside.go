package main

import (
	"maps"
	"slices"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// elsewhere are the purls of the packages that are not in the image: those that its steps
// removed and those of other stages, sorted.
func (w *why) elsewhere(installed map[string]bool) []string {
	found := map[string]bool{}
	add := func(purl string) {
		if !installed[purl] {
			found[purl] = true
		}
	}
	for purl := range w.outside {
		add(purl)
	}
	for _, s := range w.order {
		for _, list := range [][]string{s.Outputs.PackagesAdded, s.Outputs.PackagesRemoved} {
			for _, purl := range list {
				add(purl)
			}
		}
		if s.Inputs == nil {
			continue
		}
		for _, p := range s.Inputs.Packages {
			add(p.PURL)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// outsidePackage says what is known of a package that is not in the image.
func (w *why) outsidePackage(purl string) whyPackage {
	out := whyPackage{PURL: purl, Name: packageName(purl)}
	if k := w.outside[purl]; k != nil {
		out = *k
	}
	out.Files = []step.Path{}
	for _, s := range w.order {
		if w.own[s.ID] && listed(s.Outputs.PackagesRemoved, purl) {
			out.RemovedBy = w.hop(s.ID, "")
		}
		if w.uses(s, purl) {
			out.UsedBy = append(out.UsedBy, w.mention(s))
		}
	}
	out.BroughtBy = w.broughtBy(purl, nil)
	return out
}

// uses reports whether a step read files of a package.
func (w *why) uses(s *provenance.Step, purl string) bool {
	if w.used[purl][s.ID] {
		return true
	}
	return s.Inputs != nil && slices.ContainsFunc(s.Inputs.Packages, func(p provenance.PackageInput) bool { return p.PURL == purl })
}
