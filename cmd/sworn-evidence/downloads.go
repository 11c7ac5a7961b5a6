package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// downloads returns what packages of a state were installed from, by purl: a file that
// the step which added the package downloaded, or one before it in the state. It also
// counts the packages that steps with a recorded network added and no file matches.
func (g *graph) downloads(state string, inv sbom.Inventory) (located map[string]sbom.Download, unlocated int) {
	installed := make(map[string]sbom.Package, len(inv.Packages))
	for _, p := range inv.Packages {
		installed[p.PURL] = p
	}
	located = map[string]sbom.Download{}
	missing := map[string]bool{}
	var had []sbom.Download
	for _, s := range g.chain(state) {
		d := g.delta(s.Evidence)
		if d == nil {
			continue
		}
		recorded := d.Record != nil && d.Record.Network != nil && d.Record.Network.Recorder == step.RecorderSworn
		if recorded {
			had = append(downloaded(d.Record.Network.Requests), had...)
		}
		var added []sbom.Package
		for _, purl := range d.PackagesAdded {
			delete(located, purl)
			delete(missing, purl)
			if p, ok := installed[purl]; ok {
				added = append(added, p)
				missing[purl] = recorded
			}
		}
		for purl, from := range sbom.Downloads(added, had) {
			located[purl] = from
			delete(missing, purl)
		}
	}
	for _, counts := range missing {
		if counts {
			unlocated++
		}
	}
	return located, unlocated
}

// chain returns the steps that a state was made by, one on the other, the first first.
func (g *graph) chain(state string) []step.Step {
	var out []step.Step
	for {
		s, ok := g.steps[state]
		if !ok {
			slices.Reverse(out)
			return out
		}
		out = append(out, s)
		state = s.Parent
	}
}

// downloaded are the files among requests.
func downloaded(requests []step.Request) []sbom.Download {
	var out []sbom.Download
	for _, r := range requests {
		if provenance.IsDownload(r) {
			out = append(out, sbom.Download{URL: r.URL, SHA256: strings.TrimPrefix(r.Digest, "sha256:")})
		}
	}
	return out
}
