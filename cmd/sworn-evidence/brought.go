package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// account tells where the packages and entries of the image come from.
func (g *graph) account(files []sbom.Held, in *sbom.Installed) {
	p := &packages{graph: g, steps: map[string]packageChange{}}
	in.By = p.brought()
	in.Removed = p.removed()
	o := g.origins()
	o.classify(files, in)
	o.saidOf(in)
	in.Tools = o.tools()
}

// packages follows the packages of the image through its steps.
type packages struct {
	*graph
	steps map[string]packageChange
}

// packageChange are the purls that a step added and removed, sorted.
type packageChange struct {
	added, removed []string
}

func (p *packages) change(id string) packageChange {
	c, ok := p.steps[id]
	if !ok {
		c.added, c.removed = p.changedPackages(id)
		p.steps[id] = c
	}
	return c
}

// brought says by what step or material each package of the image came, by purl: of one
// that was copied from a stage, the step that installed it there.
func (p *packages) brought() map[string]string {
	out := map[string]string{}
	base, chain := p.beginning(p.plan.Image), p.chain(p.plan.Image)
	if base != "" {
		in := p.installed[base]
		for i := range in.inv().Packages {
			out[in.inv().Packages[i].PURL] = base
		}
		for _, purl := range in.manifests.PURLs() {
			out[purl] = base
		}
	}
	for _, s := range chain {
		for _, purl := range p.change(s.ID).added {
			out[purl] = p.bringer(purl, s)
		}
	}
	return out
}

// bringer is the step that installed a package which a step added: itself, or the one of
// a stage that it took it from; the material when none did.
func (p *packages) bringer(purl string, s step.Step) string {
	if s.Kind == step.KindExec {
		return s.ID
	}
	material := s.ID
	for _, state := range s.Reads {
		chain := p.chain(state)
		for _, below := range slices.Backward(chain) {
			if _, ok := slices.BinarySearch(p.change(below.ID).added, purl); ok {
				return p.bringer(purl, below)
			}
		}
		known := p.installed[state].inventory
		if len(chain) > 0 {
			state = chain[0].Parent
		}
		if known != nil && provenance.OfDatabase(purl) {
			if _, there := known.Find(purl); !there {
				continue // it lay in a folder there
			}
		}
		if _, ok := p.sources[state]; ok {
			material = state
		}
	}
	return material
}

// removed are the packages that steps of the image's chain installed and later ones
// removed for good. A package that another version took the place of is not among them.
func (p *packages) removed() []sbom.Removed {
	type installation struct {
		step string
		pkg  sbom.Package
	}
	there := map[string]installation{}
	gone := map[string]sbom.Removed{}
	for _, s := range p.chain(p.plan.Image) {
		c := p.change(s.ID)
		names := map[string]bool{}
		for _, purl := range c.added {
			names[packageName(purl)] = true
			delete(gone, purl)
		}
		for _, purl := range c.removed {
			if was, ok := there[purl]; ok && !names[packageName(purl)] {
				gone[purl] = sbom.Removed{Package: was.pkg, By: was.step, RemovedBy: s.ID}
			}
			delete(there, purl)
		}
		for i, pkg := range p.described(s.ID, c.added) {
			there[c.added[i]] = installation{p.bringer(c.added[i], s), pkg}
		}
	}
	out := make([]sbom.Removed, 0, len(gone))
	for _, r := range gone {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b sbom.Removed) int { return strings.Compare(a.PURL, b.PURL) })
	return out
}

// described are packages, by sorted purls, as the state after a step has them, without
// their files.
func (p *packages) described(id string, purls []string) []sbom.Package {
	out := make([]sbom.Package, len(purls))
	if len(purls) == 0 {
		return out
	}
	add := func(pkg sbom.Package) {
		if i, ok := slices.BinarySearch(purls, pkg.PURL); ok && out[i].PURL == "" {
			out[i] = withoutFiles(pkg)
		}
	}
	in := p.installed[id]
	for _, pkg := range in.inv().Packages {
		add(pkg)
	}
	in.manifests.Packages(add)
	return out
}
