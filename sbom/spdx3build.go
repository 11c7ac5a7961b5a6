package sbom

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// The Build profile of SPDX 3.0.1: the build as a whole, the steps that it consists of,
// what they took and what they left.

func stepID(id string) string     { return "Build-" + idString(id) }
func materialID(id string) string { return "Material-" + idString(id) }
func outputID(id string) string   { return "Output-" + idString(id) }

// build writes materials, steps and how they lead to one another.
func (d *document3) build() {
	b := d.img.Build
	var steps, materials []string
	archives := map[Download]bool{}
	for _, from := range d.img.Downloads {
		archives[from] = true
	}
	for _, m := range b.Materials {
		d.material(m, archives[m.download()])
		materials = append(materials, materialID(m.ID))
	}
	d.begin("build_Build", build3)
	d.text("name", d.img.Name)
	d.text("build_buildType", strings.TrimSuffix(buildTypes, "#"))
	d.end()
	made := map[string]bool{}
	for _, s := range b.Steps {
		steps = append(steps, stepID(s.ID))
		made[s.ID] = true
		d.step(s)
	}
	d.relate(build3, "ancestorOf", complete3, steps...)
	d.relate(build3, "hasInput", "", materials...)
	d.relate(build3, "hasOutput", complete3, image3)
	d.relate(build3, "usesTool", "", tool3)
	l := links{made: made, by: d.img.packagesBy()}
	l.tools, l.dependencies = d.img.readBy()
	for _, s := range b.Steps {
		d.stepLinks(s, l)
	}
	for _, m := range b.Materials {
		d.relate(materialID(m.ID), "contains", "", l.by[m.ID]...)
	}
	d.archives()
	if b.Base != nil {
		d.relate(image3, "descendantOf", "", materialID(b.Base.ID))
	}
	d.removed(made)
	d.baseDocuments()
}

// material writes what the build took; an archive is what a package was installed from.
func (d *document3) material(m Material, archive bool) {
	d.begin(package3, materialID(m.ID))
	name := m.URI
	if m.Kind == kindDownload {
		name = cmp.Or(m.download().fileName(), m.URI)
	}
	d.text("name", name)
	d.text("comment", m.comment())
	d.hashes(m.hashes()...)
	if commit := m.Digest["gitCommit"]; commit != "" {
		d.identifiers(identifier3{"gitoid", "gitoid:commit:" + gitHash(commit) + ":" + commit})
	}
	if m.Kind != kindDownload {
		d.text("software_packageVersion", m.version())
	}
	d.text("software_primaryPurpose", m.purpose())
	if archive {
		d.texts("software_additionalPurpose", "archive")
	}
	if strings.HasPrefix(m.URI, "pkg:") {
		d.text("software_packageUrl", m.URI)
	}
	if at := m.downloadLocation(); at != noAssertion {
		d.text("software_downloadLocation", at)
	}
	d.end()
}

// gitHash is the algorithm of a commit's digest in hex.
func gitHash(commit string) string {
	if len(commit) == 64 {
		return "sha256"
	}
	return "sha1"
}

// step writes a step and, as one artifact, what it left.
func (d *document3) step(s Step) {
	d.begin("build_Build", stepID(s.ID))
	d.text("name", s.Name)
	d.text("build_buildType", buildTypes+s.Kind)
	d.text("build_buildId", s.ID)
	d.entries("build_parameter", s.Parameters)
	d.entries("build_environment", s.Environment)
	d.end()

	d.begin(package3, outputID(s.ID))
	d.text("name", "what "+s.ID+" wrote")
	if s.Digest == "" {
		d.text("comment", "What the step wrote was not described.")
	} else {
		d.text("comment", fmt.Sprintf("%s added, %d changed, %d removed; the statement sworn-steps.json lists them.", wording.Count(s.Added, "entry", "entries"), s.Changed, s.Removed))
		d.hashes(hash3{algorithm: "sha256", value: s.Digest, comment: "digest of the delta, as docs/statements.md of Sworn defines it"})
	}
	d.text("software_primaryPurpose", "filesystemImage")
	d.end()
}

// links are what a document says of steps and packages.
type links struct {
	made                map[string]bool     // ids of steps
	by                  map[string][]string // ids of packages, by who brought them
	tools, dependencies map[string][]string // purls, by step
}

// stepLinks writes what a step took, what it brought and whose programs it ran or read.
func (d *document3) stepLinks(s Step, l links) {
	var in []string
	for _, id := range s.Inputs {
		if l.made[id] {
			in = append(in, outputID(id))
		} else {
			in = append(in, materialID(id))
		}
	}
	in = append(in, d.known(l.dependencies[s.ID])...)
	out := append([]string{outputID(s.ID)}, l.by[s.ID]...)
	if s.ID == d.img.Build.Image {
		out = append(out, image3)
	}
	d.relate(stepID(s.ID), "hasInput", "", in...)
	d.relate(stepID(s.ID), "hasOutput", "", out...)
	d.relate(stepID(s.ID), "usesTool", "", d.known(l.tools[s.ID])...)
}

// known are the ids of packages that the document has.
func (d *document3) known(purls []string) []string {
	var out []string
	for _, purl := range purls {
		if id, ok := d.purls[purl]; ok {
			out = append(out, id)
		}
	}
	return out
}

// elsewhere writes packages that are not in the image.
func (d *document3) elsewhere() {
	for _, e := range d.img.elsewheres() {
		if _, ok := d.purls[e.PURL]; !ok {
			d.purls[e.PURL] = packageID(e.Package)
			d.pack(e.Package, "not in the image")
			d.others = append(d.others, e.Package)
		}
	}
}

// archives lead from packages to what they were installed from.
func (d *document3) archives() {
	ids := map[Download]string{}
	for _, m := range d.img.Build.Materials {
		ids[m.download()] = materialID(m.ID)
	}
	for _, p := range d.named() {
		if from, ok := d.img.Downloads[p.PURL]; ok && ids[from] != "" {
			d.relate(packageID(p), "hasDistributionArtifact", "", ids[from])
		}
	}
}

// removed says of packages by which steps they were removed. made are the ids of steps.
func (d *document3) removed(made map[string]bool) {
	for _, r := range d.img.Installed.Removed {
		if made[r.By] {
			d.relate(stepID(r.By), "hasOutput", "", packageID(r.Package))
		} else { // it was copied from what nobody saw it installed in
			d.relate(materialID(r.By), "contains", "", packageID(r.Package))
		}
		d.relateNoted(stepID(r.RemovedBy), "other", "removed the package", packageID(r.Package))
	}
}
