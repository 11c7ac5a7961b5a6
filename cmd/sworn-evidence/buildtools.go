package main

import (
	"maps"
	"slices"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// tools are the packages of other stages of whose files a step read some to make something
// that is in the image, or something that such a step read. One that a program was read of
// is a build tool, any other a dependency.
func (o *origins) tools() []sbom.ToolPackage {
	o.followMakers()
	found := map[string]*sbom.ToolPackage{}
	for _, s := range o.plan.Steps {
		d := o.delta(s.Evidence)
		if !o.makers[s.ID] || o.image[s.ID] || d == nil || d.Record == nil {
			continue
		}
		for _, p := range o.packagesRead(s) {
			t := found[p.Package.PURL]
			if t == nil {
				t = &sbom.ToolPackage{Package: p.Package, Relation: sbom.BuildDependencyOf}
				found[p.Package.PURL] = t
			}
			if p.Program {
				t.Relation = sbom.BuildToolOf
			}
			t.Steps = append(t.Steps, s.ID)
		}
	}
	out := make([]sbom.ToolPackage, 0, len(found))
	for _, purl := range slices.Sorted(maps.Keys(found)) {
		out = append(out, *found[purl])
	}
	return out
}

// packagesRead are the packages of whose files a step read some, each once.
func (o *origins) packagesRead(s step.Step) []readPackage {
	out := slices.Clone(o.delta(s.Evidence).Record.Packages)
	for _, p := range o.modulesRead(s) {
		if !slices.ContainsFunc(out, func(r readPackage) bool { return r.Package.PURL == p.Package.PURL }) {
			out = append(out, p)
		}
	}
	return out
}

// followMakers adds the steps that made what the makers read.
func (o *origins) followMakers() {
	for _, s := range slices.Backward(o.plan.Steps) {
		d := o.delta(s.Evidence)
		if !o.makers[s.ID] || d == nil || d.Record == nil {
			continue
		}
		for _, f := range d.Record.Inputs.Files {
			if !seenOpened(f) {
				continue
			}
			if h, ok := o.inputFile(s, f); ok {
				if by := o.trace(h).by; by != "" {
					o.makers[by] = true
				}
			}
		}
	}
}

// seenOpened reports whether somebody saw a file opened; one that was only moved or touched
// is listed with the reason that it may have been read.
func seenOpened(f provenance.FileInput) bool { return f.Reason == "" }

// modulesRead are the packages of languages of whose files a step read some: those that
// no database has. A file that it moved or copied was read for that.
func (o *origins) modulesRead(s step.Step) []readPackage {
	before := o.installed[s.Parent].manifests
	if before == nil {
		return nil
	}
	left := leftBytes(&o.delta(s.Evidence).Delta)
	read := map[string]bool{}
	for _, f := range o.delta(s.Evidence).Record.Inputs.Files {
		if f.Mount == "" && f.Package == "" && seenOpened(f) && !left[f.Digest.String()] {
			if purl, ok := before.Owner(f.Path, sbom.TypeFile); ok {
				h, known := o.layer(s.Parent).at(f.Path)
				read[purl] = read[purl] || known && isProgram(&h.Entry)
			}
		}
	}
	if len(read) == 0 {
		return nil
	}
	var out []readPackage
	before.Packages(func(p sbom.Package) {
		if program, ok := read[p.PURL]; ok {
			out = append(out, readPackage{program, withoutFiles(p)})
			delete(read, p.PURL)
		}
	})
	return out
}
