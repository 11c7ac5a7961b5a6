package sbom

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/step"
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
	for _, m := range b.Materials {
		d.material(m)
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
	for _, s := range b.Steps {
		d.stepLinks(s, made)
	}
}

func (d *document3) material(m Material) {
	class, purpose := package3, "file"
	switch m.Kind {
	case step.SourceImage, step.SourceOCILayout:
		purpose = "container"
	case step.SourceGit, step.SourceLocal:
		purpose = "source"
	}
	d.begin(class, materialID(m.ID))
	d.text("name", m.URI)
	if m.Platform != "" {
		d.text("comment", "platform "+m.Platform)
	}
	var hs []hash3
	var revision string
	for _, algorithm := range slices.Sorted(maps.Keys(m.Digest)) {
		switch value := m.Digest[algorithm]; algorithm {
		case "sha256", "sha384", "sha512", "sha1":
			hs = append(hs, hash3{algorithm: algorithm, value: value})
			if m.Kind == step.SourceLocal {
				hs[len(hs)-1].comment = "digest of the tree, as docs/statements.md of Sworn defines it"
			}
		case "gitCommit":
			revision = value
		}
	}
	d.hashes(hs...)
	if revision != "" {
		d.identifiers("gitoid", "gitoid:commit:"+gitHash(revision)+":"+revision)
	}
	d.text("software_primaryPurpose", purpose)
	switch {
	case strings.HasPrefix(m.URI, "pkg:"):
		d.text("software_packageUrl", m.URI)
	case strings.Contains(m.URI, "://"):
		d.text("software_downloadLocation", m.URI)
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
		d.text("comment", fmt.Sprintf("%d entries added, %d changed, %d removed; the statement sworn-steps.json lists them.", s.Added, s.Changed, s.Removed))
		d.hashes(hash3{algorithm: "sha256", value: s.Digest, comment: "digest of the delta, as docs/statements.md of Sworn defines it"})
	}
	d.text("software_primaryPurpose", "filesystemImage")
	d.end()
}

// stepLinks writes what a step took, what it brought and whose programs it ran or read.
func (d *document3) stepLinks(s Step, made map[string]bool) {
	var in []string
	for _, id := range s.Inputs {
		if made[id] {
			in = append(in, outputID(id))
		} else {
			in = append(in, materialID(id))
		}
	}
	out := append([]string{outputID(s.ID)}, d.known(s.Installed)...)
	if s.ID == d.img.Build.Image {
		out = append(out, image3)
	}
	d.relate(stepID(s.ID), "hasInput", "", in...)
	d.relate(stepID(s.ID), "hasOutput", "", out...)
	d.relate(stepID(s.ID), "usesTool", "", d.known(s.Read)...)
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
