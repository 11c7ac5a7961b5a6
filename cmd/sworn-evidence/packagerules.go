package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/pattern"
)

// adders returns the step of this build that added each package of a state last, by
// purl. Packages that came with the base have none.
func (g *graph) adders(state string) map[string]step.Step {
	out := map[string]step.Step{}
	for _, s := range g.chain(state) {
		added, _ := g.changedPackages(s.ID)
		for _, purl := range added {
			out[purl] = s
			if s.External {
				delete(out, purl)
			}
		}
	}
	return out
}

// licenceFindings are the packages that steps added under a listed licence. What is not
// known of a licence is found when it is listed as such, and otherwise said.
func (g *graph) licenceFindings(f *findings, inv sbom.Inventory) {
	lower := make([]string, len(f.rules.Licences))
	for i, l := range f.rules.Licences {
		lower[i] = strings.ToLower(l)
	}
	unknown := slices.Contains(f.rules.Licences, step.NoLicence)
	listed := func(id string) bool { return pattern.Match(lower, strings.ToLower(id)) }
	adders := g.adders(g.plan.Image)
	for i := range inv.Packages {
		p := &inv.Packages[i]
		s, ok := adders[p.PURL]
		if !ok {
			continue
		}
		text := cmp.Or(p.Declared, p.Concluded, p.Licence)
		k := findingKey{rule: step.RuleListedLicence, step: s.ID}
		switch {
		case text == "":
			k.unjudged = !unknown
			f.add(k, step.Subject{Package: p.Name, Detail: "licence not known"})
		case sbom.ListedLicence(text, listed):
			f.add(k, step.Subject{Package: p.Name, Detail: text})
		}
	}
}

// sourceFindings are the packages that steps added from elsewhere than the declared
// sources, or from where is not on record.
func (g *graph) sourceFindings(f *findings, inv sbom.Inventory) {
	from := map[string]map[string]sbom.Download{}
	adders := g.adders(g.plan.Image)
	for i := range inv.Packages {
		p := &inv.Packages[i]
		s, ok := adders[p.PURL]
		if !ok || !p.IsDownloaded() {
			continue
		}
		by, unknown := g.installer(p.PURL, s)
		if by == nil && unknown == "" {
			continue
		}
		if unknown == "" {
			located, done := from[by.ID]
			if !done {
				located, _ = g.downloads(by.ID, inv)
				from[by.ID] = located
			}
			unknown = undeclared(f.rules.Sources, located[p.PURL], g.delta(by.Evidence))
		}
		if unknown != "" {
			f.add(findingKey{rule: step.RuleUndeclaredPackageSource, step: s.ID}, step.Subject{Package: p.Name, Detail: unknown})
		}
	}
}

// undeclared says what is wrong with the origin of a package; empty when nothing is.
func undeclared(sources []string, d sbom.Download, by *described) string {
	switch {
	case d.URL != "":
		u, err := url.Parse(d.URL)
		if err == nil && pattern.MatchURL(sources, u) {
			return ""
		}
		return "from " + d.URL
	case by.Record == nil || by.Record.Network == nil || by.Record.Network.Mode != step.NetworkRecord:
		return "unknown source: the network of the step was not recorded"
	}
	return "unknown source: no recorded download has its name, version and architecture"
}

// installer returns the exec that installed a package which a step added: the step
// itself, or one of a stage that it copied from. It is nil for a package that came with
// an image, and then unknown says what it came with if that was no image.
func (g *graph) installer(purl string, s step.Step) (by *step.Step, unknown string) {
	if s.Kind == step.KindExec {
		return &s, ""
	}
	for _, state := range s.Reads {
		if src, ok := g.sources[state]; ok {
			if src.Kind != step.SourceImage && src.Kind != step.SourceOCILayout {
				unknown = fmt.Sprintf("unknown source: it came with %s", src.URI)
			}
			continue
		}
		chain := g.chain(state)
		for _, below := range slices.Backward(chain) {
			d := g.delta(below.Evidence)
			if d == nil {
				return nil, "unknown source: it came from a step without evidence"
			}
			if added, _ := g.changedPackages(below.ID); slices.Contains(added, purl) {
				return g.installer(purl, below)
			}
		}
	}
	return nil, unknown
}
