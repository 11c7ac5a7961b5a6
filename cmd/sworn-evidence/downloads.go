package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// downloads returns what packages of a state were installed from, by purl: a file that
// the step which added the package downloaded, or a step that it is made of. It also
// counts the packages that steps with a recorded network added and no file matches.
func (g *graph) downloads(state string, inv sbom.Inventory) (located map[string]sbom.Download, unlocated int) {
	packages := make(map[string]sbom.Package, len(inv.Packages))
	for _, p := range inv.Packages {
		packages[p.PURL] = p
	}
	located = map[string]sbom.Download{}
	missing := map[string]bool{}
	for _, s := range g.chain(state) {
		recorded := g.recorded(s) != nil
		purls, _ := g.changedPackages(s.ID)
		var added []sbom.Package
		for _, purl := range purls {
			delete(located, purl)
			delete(missing, purl)
			if p, ok := packages[purl]; ok && p.IsDownloaded() {
				added = append(added, p)
				missing[purl] = recorded
			}
		}
		if len(added) == 0 {
			continue
		}
		for purl, from := range sbom.Downloads(added, g.downloadedFor(s.ID)) {
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

// downloadedFor are the files that a step downloaded, or one that it starts from or reads,
// directly or through others; those of the last step first.
func (g *graph) downloadedFor(id string) []sbom.Download {
	var out []sbom.Download
	wanted := map[string]bool{id: true}
	for _, s := range slices.Backward(g.plan.Steps) {
		if !wanted[s.ID] {
			continue
		}
		for _, state := range s.Reads {
			wanted[state] = true
		}
		wanted[s.Parent] = true
		if n := g.recorded(s); n != nil {
			out = append(out, downloaded(n.Requests)...)
		}
	}
	return out
}

// recorded is the recorded network of a step; nil when the runner did not record it.
func (g *graph) recorded(s step.Step) *step.Network {
	d := g.delta(s.Evidence)
	if d == nil || d.Record == nil || d.Record.Network == nil || d.Record.Network.Recorder != step.RecorderSworn {
		return nil
	}
	return d.Record.Network
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

// beginning is the material that the first of these steps started from; empty of scratch.
func (g *graph) beginning(state string) string {
	if chain := g.chain(state); len(chain) > 0 {
		return chain[0].Parent
	}
	return state
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
