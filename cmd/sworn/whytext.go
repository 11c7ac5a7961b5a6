package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// printWhy prints an answer for people.
func (c *cli) printWhy(out whyOutput) error {
	p := &printer{w: c.stdout}
	if f := out.File; f != nil {
		c.printWhyFile(p, f)
	}
	if n := len(out.Packages); n > 1 {
		p.line("%d packages match", n)
	}
	for i := range out.Packages {
		c.printWhyPackage(p, &out.Packages[i])
	}
	return p.err
}

func (c *cli) printWhyFile(p *printer, f *whyFile) {
	p.line("%s", c.painted(bold, string(f.Path)))
	for _, l := range f.Links {
		p.line("  through    the link %s -> %s", string(l.Path), string(l.Target))
	}
	what := fmt.Sprintf("%s %s, owner %d:%d", f.Type, f.Mode, f.UID, f.GID)
	if f.Type == provenance.TypeFile {
		what += fmt.Sprintf(", %s, %s", bytesText(f.Size), f.Digest)
	}
	if f.Target != "" {
		what += " -> " + string(f.Target) + ", which leads to nothing in the image"
	}
	p.line("  is         %s", what)
	p.line("  origin     %s", originText(f.Origin))
	for i, h := range f.Chain {
		label := "from"
		if i == 0 && !isMaterial(h.Kind) {
			label = "written by"
		}
		c.printHop(p, label, &f.Chain[i], i == len(f.Chain)-1 && h.Read != nil)
	}
	if f.Package == nil {
		p.line("  package    none")
		for i := range f.Databases {
			p.line("  %-10s %s", "", c.painted(yellow, "that is known: "+f.Databases[i].text()))
		}
		return
	}
	state := c.painted(green, f.State)
	switch f.State {
	case "":
		state = "which the file itself tells of"
	case "changed":
		state = c.painted(yellow, "changed: its bytes are not the package's")
	case "unsaid":
		state = c.painted(yellow, "which nothing but its entry in the database says")
	case "unexplained":
		state = c.painted(yellow, "unexplained: its bytes may not be the package's")
	}
	p.line("  package    %s, %s", f.Package.PURL, state)
	c.printLicence(p, f.Package)
	if f.Package.Download != "" {
		p.line("  download   %s", f.Package.Download)
	}
}

// originText is an origin in words.
func originText(o provenance.Origin) string {
	text := map[string]string{
		provenance.OriginPackage:        "a package's file, as the package came",
		provenance.OriginPackageChanged: "a package's file, written over",
		provenance.OriginPackageState:   "what a package manager keeps of its work",
		provenance.OriginBase:           "came with an image",
		provenance.OriginContext:        "came with the build's context",
		provenance.OriginDownload:       "was downloaded",
		provenance.OriginStage:          "was made in another stage",
		provenance.OriginStep:           "was made by a step",
		provenance.OriginUnexplained:    "not explained",
	}[o.Class]
	if o.Of != "" {
		text += " (" + o.Of + ")"
	}
	if o.Reason != "" {
		text += ": " + o.Reason
	}
	return fmt.Sprintf("%s, %s: %s", o.Class, o.From, text)
}

// printHop prints a step or material, and what a step read if that is wanted.
func (c *cli) printHop(p *printer, label string, h *hop, read bool) {
	where := ""
	if h.Path != "" {
		where = "  " + string(h.Path)
	}
	if len(h.Digest) > 0 || h.Lines == nil && h.Read == nil && isMaterial(h.Kind) {
		p.line("  %-10s %s %s  %s  %s%s", label, h.ID, h.Kind, h.What, digestText(h.Digest), where)
		for _, text := range carriedText(h.Carried) {
			p.line("  %-10s %s", "", text)
		}
		return
	}
	p.line("  %-10s %s  %s  %s%s", label, h.ID, linesText(h.Lines), c.painted(bold, oneLine(h.What, commandWidth)), where)
	if !read {
		return
	}
	detail := inputsText(h.Read)
	if !h.Read.Complete {
		detail += "; not complete: " + strings.Join(h.Read.Reasons, "; ")
	}
	p.line("  %-10s %s", "which read", detail)
	var names []string
	for _, r := range h.Read.Packages {
		names = append(names, packageName(r.PURL))
	}
	for _, r := range h.Read.Files {
		names = append(names, string(r.Path))
	}
	if len(names) > 0 {
		p.line("  %-10s %s", "", listText(names))
	}
	if len(h.Downloads) > 0 {
		p.line("  %-10s %s", "downloaded", listText(h.Downloads))
	}
}

// isMaterial reports whether a kind is that of a material, not of a step.
func isMaterial(kind string) bool {
	return !slices.Contains([]string{step.KindExec, step.KindFile, step.KindMerge, step.KindDiff, step.KindBuild}, kind)
}

// digestText is the digest of a material as it is shown.
func digestText(set map[string]string) string {
	for _, algorithm := range []string{"sha256", "gitCommit", "sha1"} {
		if d := set[algorithm]; d != "" {
			return algorithm + ":" + d
		}
	}
	return "no digest"
}

func (c *cli) printWhyPackage(p *printer, k *whyPackage) {
	p.line("%s", c.painted(bold, k.PURL))
	switch {
	case k.BroughtBy != nil:
		c.printHop(p, "brought by", k.BroughtBy, k.BroughtBy.Read != nil && k.RemovedBy == nil)
	default:
		p.line("  brought by  what is not told: no step's database changed with it, and it owns no file")
	}
	if k.RemovedBy != nil {
		c.printHop(p, "removed by", k.RemovedBy, false)
		return
	}
	if k.UnlistedBy != nil {
		c.printHop(p, "unlisted by", k.UnlistedBy, false)
	}
	p.line("  files      %d in the image", k.Files)
	if n := len(k.Changed); n > 0 {
		var names []string
		for _, f := range k.Changed {
			names = append(names, string(f))
		}
		p.line("  changed    %s", c.painted(yellow, fmt.Sprintf("%d: %s", n, listText(names))))
	}
	c.printLicence(p, k)
	for _, d := range []struct{ label, value string }{
		{"supplier", k.Supplier}, {"download", k.Download}, {"source", k.SourceInfo}, {"note", k.Comment},
	} {
		if d.value != "" {
			p.line("  %-10s %s", d.label, d.value)
		}
	}
}

func (c *cli) printLicence(p *printer, k *whyPackage) {
	switch {
	case k.LicenceConcluded == "" && k.LicenceDeclared == "":
		p.line("  licence    not known")
	case k.LicenceConcluded == "" || k.LicenceConcluded == k.LicenceDeclared:
		p.line("  licence    %s", k.LicenceDeclared)
	default:
		p.line("  licence    %s (declared: %s)", k.LicenceConcluded, licenceText(k.LicenceDeclared, ""))
	}
}
