package sbom

import (
	"fmt"
	"slices"
	"strings"
)

// elsewhere is a package that documents name and the image has not, or has as well.
type elsewhere struct {
	Package
	// installed: the image has the very package too, so it stands in the document already.
	installed bool
	// relation to another element, as SPDX 2.3 has it, and what there is to say of it.
	relation, to, comment string
}

// elsewheres are packages that were removed again and those of other stages, each purl and
// relation once.
func (img Image) elsewheres() []elsewhere {
	var out []elsewhere
	installed := make(map[string]bool, len(img.Installed.Packages))
	for _, p := range img.Installed.Packages {
		installed[p.PURL] = true
	}
	for _, r := range img.Installed.Removed {
		out = append(out, elsewhere{r.Package, installed[r.PURL], "OTHER", image3, fmt.Sprintf("installed by %s, removed by %s", r.By, r.RemovedBy)})
	}
	for _, t := range img.Installed.Tools {
		out = append(out, elsewhere{t.Package, installed[t.PURL], t.Relation, image3, "files of it were read by " + steps(t.Steps)})
	}
	if b := img.Build.Base; b != nil {
		for _, r := range b.Removed {
			out = append(out, elsewhere{r.Package, installed[r.PURL], "CONTAINED_BY", materialID(b.ID), r.comment()})
		}
	}
	return out
}

// steps names some steps; of many the first.
func steps(ids []string) string {
	s := strings.Join(ids[:min(len(ids), maxListed)], ", ")
	if more := len(ids) - maxListed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// addElsewhere adds packages that are not in the image.
func (d *Document) addElsewhere(img Image) {
	seen := map[string]bool{}
	for _, e := range img.elsewheres() {
		id := spdxRef + packageID(e.Package)
		if !e.installed && !seen[id] {
			seen[id] = true
			p := img.spdxPackage(e.Package)
			p.Comment = "not in the image"
			d.Packages = append(d.Packages, p)
		}
		d.Relationships = append(d.Relationships, SPDXRelationship{Element: id, Type: e.relation, Related: spdxRef + e.to, Comment: e.comment})
	}
}

// addMaterials adds what the image was made from, downloads apart: where a package was
// downloaded from, it says itself.
func (d *Document) addMaterials(img Image) {
	for _, m := range img.Build.Materials {
		if m.Kind == kindDownload {
			continue
		}
		p := SPDXPackage{
			SPDXID:           spdxRef + materialID(m.ID),
			Name:             m.URI,
			Version:          m.version(),
			Supplier:         noAssertion,
			DownloadLocation: m.downloadLocation(),
			LicenseConcluded: noAssertion,
			LicenseDeclared:  noAssertion,
			Copyright:        noAssertion,
			Comment:          m.comment(),
			Purpose:          strings.ToUpper(m.purpose()),
		}
		for _, h := range m.hashes() {
			p.Checksums = append(p.Checksums, SPDXChecksum{strings.ToUpper(h.algorithm), h.value})
		}
		if strings.HasPrefix(m.URI, "pkg:") {
			p.ExternalRefs = purlRef(m.URI)
		}
		d.Packages = append(d.Packages, p)
		relation := "GENERATED_FROM"
		if b := img.Build.Base; b != nil && m.ID == b.ID {
			relation = "DESCENDANT_OF"
		}
		d.relate(spdxImage, relation, p.SPDXID)
	}
}

// packagesBy are the ids of installed packages by the step or material that brought them.
func (img Image) packagesBy() map[string][]string {
	out := map[string][]string{}
	for _, p := range img.Installed.Packages {
		if by := img.Installed.By[p.PURL]; by != "" {
			out[by] = append(out[by], packageID(p))
		}
	}
	return out
}

// readBy are the packages whose files each step read, sorted: those that it ran or that
// helped it, and those that went into what it made.
func (img Image) readBy() (tools, dependencies map[string][]string) {
	tools, dependencies = map[string][]string{}, map[string][]string{}
	type reading struct{ step, purl string }
	dependency := map[reading]bool{}
	read := map[string][]string{}
	for _, s := range img.Build.Steps {
		read[s.ID] = slices.Clone(s.Read)
	}
	for _, t := range img.Installed.Tools {
		for _, id := range t.Steps {
			read[id] = append(read[id], t.PURL)
			if t.Relation == BuildDependencyOf {
				dependency[reading{id, t.PURL}] = true
			}
		}
	}
	for id, purls := range read {
		slices.Sort(purls)
		for _, purl := range slices.Compact(purls) {
			if dependency[reading{id, purl}] {
				dependencies[id] = append(dependencies[id], purl)
			} else {
				tools[id] = append(tools[id], purl)
			}
		}
	}
	return tools, dependencies
}
