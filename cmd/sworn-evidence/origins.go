package main

import (
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// origins says of entries where their bytes came to be. On record are the bytes of
// sources; of packages that a step installed; of downloads of a recorded network; of files
// that a step only moved, copied or gave another mode; and what a step made when all that
// it read and asked the network for is on record, and on record itself.
//
// Where it is not known by which path a file came, it is found by its digest: links of a
// base that was not described lead elsewhere.
type origins struct {
	*graph
	reach *reaches
	wrote *writers // nil until it is asked for
	// image are the steps that the image was made by, and the copies merged into it.
	image    map[string]bool
	ids      map[provenance.Download]string
	had      map[string]map[string][]sbom.Held
	fetched  map[string]map[string]string // materials by digest, of each step
	gaps     map[string]string            // of execs that were asked for
	known    map[wroteBytes]traced
	placed   map[wrotePath]traced // of files that steps copied or merged
	copies   map[string]copyActions
	installs map[string]installation // of the steps that were asked for
	// makers are the steps that made, installed or downloaded something of the image.
	makers map[string]bool
}

// traced is where bytes came to be. The class is the one that they have there: "package",
// "package-manager-state" and "step" are of the stage that made them. The path is always
// set for bytes of a step or described source.
type traced struct {
	sbom.Origin
	// purl of the package that they were installed with, when one is known.
	purl string
	// by is the step that made, installed or downloaded them.
	by string
}

// wroteBytes are bytes that a step wrote.
type wroteBytes struct {
	step, sum string
}

// wrotePath is a path that a step wrote.
type wrotePath struct {
	step string
	path step.Path
}

func (g *graph) origins() *origins {
	apart := *g // layers are made while others make theirs
	apart.layers = map[string]*layer{}
	o := &origins{
		graph: &apart, reach: newReaches(g.plan), image: map[string]bool{}, makers: map[string]bool{},
		had: map[string]map[string][]sbom.Held{}, fetched: map[string]map[string]string{}, gaps: map[string]string{},
		known: map[wroteBytes]traced{}, placed: map[wrotePath]traced{}, copies: map[string]copyActions{},
		installs: map[string]installation{},
	}
	var networks []*step.Network
	for _, s := range g.plan.Steps {
		if d := g.delta(s.Evidence); d != nil && d.Record != nil && d.Record.Network != nil {
			networks = append(networks, d.Record.Network)
		}
	}
	o.ids = provenance.DownloadIDs(networks...)
	o.follow(g.plan.Image)
	return o
}

// follow notes the steps of the image's chain. A merge of it takes a copy, `COPY --link`,
// from a chain of file steps on nothing, which is as much the image's own.
func (o *origins) follow(image string) {
	for _, s := range o.chain(image) {
		o.image[s.ID] = true
		if s.Kind != step.KindMerge && s.Kind != step.KindDiff {
			continue
		}
		for _, state := range s.Reads {
			linked := o.chain(state)
			if len(linked) == 0 || linked[0].Parent != "" {
				continue
			}
			for _, l := range linked {
				o.image[l.ID] = o.image[l.ID] || l.Kind == step.KindFile
			}
		}
	}
}

// classify sets the origin of an image's attributed entries. Packages are those of the
// image.
func (o *origins) classify(files []sbom.Held, in *sbom.Installed) {
	intact := intactFiles(in)
	for i := range files {
		files[i].Origin = o.origin(&files[i], in.By, intact)
	}
}

// intactFiles says, by purl and path, of the files of packages that have digests of them
// whether they are as these say.
func intactFiles(in *sbom.Installed) map[ownedPath]bool {
	out := map[ownedPath]bool{}
	for i := range in.Packages {
		for _, s := range in.Packages[i].Sums {
			out[ownedPath{in.Packages[i].PURL, s.Path}] = true
		}
	}
	for purl, paths := range in.Changed {
		for _, p := range paths {
			out[ownedPath{purl, p}] = false
		}
	}
	return out
}

type ownedPath struct {
	purl string
	path step.Path
}

func (o *origins) origin(h *sbom.Held, by map[string]string, intact map[ownedPath]bool) sbom.Origin {
	from := o.trace(*h)
	if from.by != "" {
		o.makers[from.by] = true
	}
	if h.Package != "" && !tellsOfItself(h.Package) && !o.installation(by[h.Package]).unsaid[h.Package] {
		if own, ok := o.packaged(h, from, by[h.Package], intact); ok {
			return own
		}
	}
	out := from.Origin
	if out.Path == h.Path {
		out.Path = ""
	}
	switch {
	case out.Class == sbom.OriginUnexplained:
	case sbom.PackageState(h.Path):
		out.Class = sbom.OriginPackageState
	case out.Class == sbom.OriginStep, out.Class == sbom.OriginPackage, out.Class == sbom.OriginPackageState:
		if !o.image[out.From] {
			out.Of, out.Class = out.Class, sbom.OriginStage
		} else {
			out.Class = sbom.OriginStep
		}
	}
	return out
}

// tellsOfItself reports whether a package is one that a program says of itself that it is:
// the program was built, not installed.
func tellsOfItself(purl string) bool {
	return strings.HasPrefix(purl, "pkg:golang/") || strings.HasPrefix(purl, "pkg:cargo/")
}

// packaged is the origin of an entry that a package owns: its own as long as the bytes are
// those that the package came with, by its digests or else by where they are from. It is
// false when nobody knows that.
func (o *origins) packaged(h *sbom.Held, from traced, by string, intact map[ownedPath]bool) (sbom.Origin, bool) {
	if from.Class == sbom.OriginUnexplained {
		return sbom.Origin{}, false
	}
	own, known := intact[ownedPath{h.Package, h.Path}]
	if !known {
		own = h.Type == sbom.TypeDir || o.ownBytes(h, from, by)
	}
	if own {
		return sbom.Origin{Class: sbom.OriginPackage, From: by}, true
	}
	out := from.Origin
	out.Class = sbom.OriginPackageChanged
	if out.Path == h.Path {
		out.Path = ""
	}
	return out, true
}

// ownBytes reports whether an owned entry has what its package was installed with, as far
// as evidence tells.
func (o *origins) ownBytes(h *sbom.Held, from traced, by string) bool {
	switch {
	case from.purl != "":
		return packageName(from.purl) == packageName(h.Package)
	case from.Class == sbom.OriginBase:
		// A package that a step installed did not bring what the base had.
		return (from.From == by || o.steps[by].ID == "") && (h.Path == from.Path || from.Path == "")
	}
	return from.From == by || h.Step == by
}

// packageName is a purl without version.
func packageName(purl string) string {
	name, _, _ := strings.Cut(purl, "@")
	return name
}
