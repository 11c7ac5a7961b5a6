package main

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// baseOf is the image that the image of attributed, sorted entries begins with, and what
// steps changed of its packages; nil when it begins with none.
func (g *graph) baseOf(files []sbom.Held, in sbom.Installed) *sbom.Base {
	s, ok := g.sources[g.beginning(g.plan.Image)]
	if !ok || s.Kind != step.SourceImage && s.Kind != step.SourceOCILayout {
		return nil
	}
	b := &sbom.Base{ID: s.ID, Changed: map[string][]step.Path{}}
	if s.Carried != nil {
		b.Carried = *s.Carried
	}
	p := &packages{graph: g, steps: map[string]packageChange{}}
	there := map[string]bool{}
	replacement := map[string]string{}
	for _, pkg := range in.Packages {
		there[pkg.PURL] = true
		replacement[packageName(pkg.PURL)] = pkg.PURL
	}
	for _, pkg := range p.ofState(s.ID) {
		b.Packages++
		if !there[pkg.PURL] {
			b.Removed = append(b.Removed, sbom.RemovedFromBase{
				Package: withoutFiles(pkg), By: p.remover(pkg.PURL), Replaced: replacement[packageName(pkg.PURL)],
			})
		}
	}
	slices.SortFunc(b.Removed, func(a, b sbom.RemovedFromBase) int { return strings.Compare(a.PURL, b.PURL) })
	g.changedSince(s, files, in, b.Changed)
	return b
}

// ofState are the packages of a state.
func (p *packages) ofState(id string) []sbom.Package {
	in := p.installed[id]
	out := slices.Clone(in.inv().Packages)
	in.manifests.Packages(func(pkg sbom.Package) { out = append(out, pkg) })
	slices.SortStableFunc(out, func(a, b sbom.Package) int { return strings.Compare(a.PURL, b.PURL) })
	return slices.CompactFunc(out, func(a, b sbom.Package) bool { return a.PURL == b.PURL })
}

// remover is the last step that removed a package.
func (p *packages) remover(purl string) string {
	for _, s := range slices.Backward(p.chain(p.plan.Image)) {
		if _, ok := slices.BinarySearch(p.change(s.ID).removed, purl); ok {
			return s.ID
		}
	}
	return ""
}

// changedSince adds the files of the base's packages that steps wrote or removed.
func (g *graph) changedSince(base step.Source, files []sbom.Held, in sbom.Installed, changed map[string][]step.Path) {
	for i := range files {
		h := &files[i]
		if h.Type != sbom.TypeDir && h.Step != base.ID && h.Package != "" && in.By[h.Package] == base.ID {
			changed[h.Package] = append(changed[h.Package], h.Path)
		}
	}
	d := g.delta(base.Evidence)
	if d == nil {
		return
	}
	for i := range d.Added {
		e := &d.Added[i]
		if e.Type == sbom.TypeDir || in.By[e.Package] != base.ID {
			continue
		}
		if _, there := slices.BinarySearchFunc(files, e.Path, func(h sbom.Held, p step.Path) int { return strings.Compare(string(h.Path), string(p)) }); !there {
			changed[e.Package] = append(changed[e.Package], e.Path)
		}
	}
	for _, paths := range changed {
		slices.Sort(paths)
	}
}
