package main

import (
	"strings"

	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/export"
	"github.com/sworn-build/sworn/step"
)

// why answers questions about one platform.
type why struct {
	contents provenance.Contents
	files    map[step.Path]*provenance.File
	steps    map[string]*provenance.Step
	order    []*provenance.Step
	material map[string]*provenance.Material
	platform string
	image    string // the state that is the image
	// own are the ids of the steps that the image's file system went through; the others
	// are of other stages.
	own map[string]bool
	// omitted is how many steps have no lists of files in steps/v1.
	omitted int
	// noDocument says why no document was learned from.
	noDocument string
	// documents learns what the documents say, once: that of an image with many files takes
	// longer than all else, and is needed for packages alone.
	documents func()
	// known are the packages of the SPDX document by purl; none without a document.
	// outside are those of them that are not in the image.
	known, outside map[string]*whyPackage
	// brought are the steps and materials that brought packages, by purl, as far as the
	// SPDX 3 document says it.
	brought map[string]string
	// used are the ids of the steps that used packages, by purl, as far as the SPDX 3
	// document says it: of toolchains steps/v1 lists the files alone.
	used map[string]map[string]bool
	// packaged is what filesOf returns from, once it was asked.
	packaged map[string][]*provenance.File
	// removed is what removedFiles returns, once it was asked.
	removed map[string]map[step.Path]string
}

func newWhy(a attested) (*why, error) {
	contents, err := a.contents()
	if err != nil {
		return nil, err
	}
	steps, err := a.steps()
	if err != nil {
		return nil, err
	}
	w := &why{
		contents: contents, image: steps.Image, files: make(map[step.Path]*provenance.File, len(contents.Files)), platform: a.Platform,
		steps: map[string]*provenance.Step{}, material: map[string]*provenance.Material{},
		known: map[string]*whyPackage{}, outside: map[string]*whyPackage{}, own: map[string]bool{}, documents: func() {},
	}
	for i := range contents.Files {
		w.files[contents.Files[i].Path] = &contents.Files[i]
	}
	for i := range steps.Steps {
		s := &steps.Steps[i]
		w.steps[s.ID] = s
		w.order = append(w.order, s)
		if s.Outputs.Omitted != nil {
			w.omitted++
		}
	}
	for i := range steps.Materials {
		w.material[steps.Materials[i].ID] = &steps.Materials[i]
	}
	w.learnOwn(stateOf(steps.Image))
	if len(a.of(provenance.SPDXType)) == 0 {
		w.noDocument = "no SPDX document is attached to the image"
		if steps.Options["sbom"] == "off" {
			w.noDocument = "the image was built with sbom=off and has no SPDX document; built without, it has one"
		}
	}
	return w, nil
}

// filesOf are the entries of a package in the image, sorted by path.
func (w *why) filesOf(purl string) []*provenance.File {
	if w.packaged == nil {
		w.packaged = map[string][]*provenance.File{}
		for i := range w.contents.Files {
			if f := &w.contents.Files[i]; f.Package != nil {
				name := w.contents.Packages[*f.Package]
				w.packaged[name] = append(w.packaged[name], f)
			}
		}
	}
	return w.packaged[purl]
}

// learnOwn learns the steps that a state went through: those that it starts from, and of a
// merge all that it merges.
func (w *why) learnOwn(state string) {
	for todo := []string{state}; len(todo) > 0; {
		id := todo[0]
		todo = todo[1:]
		s := w.steps[id]
		if s == nil || w.own[id] {
			continue
		}
		w.own[id] = true
		todo = append(todo, stateOf(s.Parent))
		if s.Kind == step.KindMerge || s.Kind == step.KindDiff {
			for _, read := range s.Reads {
				todo = append(todo, stateOf(read))
			}
		}
	}
}

// learnDocuments takes what the SPDX documents say of packages.
func (w *why) learnDocuments(a attested) error {
	if err := w.learnGraph(a); err != nil {
		return err
	}
	docs := a.of(provenance.SPDXType)
	if len(docs) == 0 {
		return nil
	}
	doc, err := export.Read(docs[0])
	if err != nil {
		return err
	}
	w.learn(doc)
	return nil
}

// learn takes what a document says of packages.
func (w *why) learn(doc *export.Document) {
	outside := export.Outside(doc)
	byID := map[string]*whyPackage{}
	for _, p := range doc.Packages {
		k := packageOf(p)
		if k == nil || strings.HasPrefix(k.PURL, imagePURL) {
			continue
		}
		byID[string(p.PackageSPDXIdentifier)] = k
		if outside[string(p.PackageSPDXIdentifier)] {
			w.outside[k.PURL] = k
		} else {
			k.InImage = true
			w.known[k.PURL] = k
		}
	}
	for _, r := range doc.Relationships {
		holder, held := byID[string(r.RefA.ElementRefID)], byID[string(r.RefB.ElementRefID)]
		if r.Relationship == "CONTAINS" && holder != nil && held != nil {
			held.LinkedInto = append(held.LinkedInto, holder.PURL)
		}
	}
}

// packageOf is what a document says of a package; nil of one without a purl.
func packageOf(p *spdx.Package) *whyPackage {
	for _, r := range p.PackageExternalReferences {
		if r.RefType != "purl" {
			continue
		}
		k := &whyPackage{
			PURL: r.Locator, Name: p.PackageName, Version: p.PackageVersion,
			LicenceDeclared: said(p.PackageLicenseDeclared), LicenceConcluded: said(p.PackageLicenseConcluded),
			Download: said(p.PackageDownloadLocation), SourceInfo: p.PackageSourceInfo, Comment: p.PackageComment,
		}
		if p.PackageSupplier != nil {
			k.Supplier = said(p.PackageSupplier.Supplier)
		}
		return k
	}
	return nil
}

// said is a value that says something.
func said(s string) string {
	if s == "NOASSERTION" || s == "NONE" {
		return ""
	}
	return s
}
