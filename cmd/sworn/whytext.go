package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

// printWhy prints an answer for people.
func (c *cli) printWhy(out whyOutput) error {
	p := &printer{w: c.stdout}
	for base := &out; base != nil; base = base.Base {
		if base != &out {
			p.line("in %s", base.Resolved)
		}
		c.printWhyOne(p, base)
	}
	return p.err
}

func (c *cli) printWhyOne(p *printer, out *whyOutput) {
	if f := out.File; f != nil {
		c.printWhyFile(p, f, out.NoDocument)
	}
	if out.Gone != nil {
		c.printGone(p, out.Gone)
	}
	if n := len(out.Packages); n > 1 {
		p.line("%s match", wording.Count(n, "package"))
	}
	for i := range out.Packages {
		c.printWhyPackage(p, &out.Packages[i], out.NoDocument)
	}
	if n := len(out.OtherStages); n > 0 {
		p.line("also of that name, not in the image: %s", listText(out.OtherStages))
	}
}

func (c *cli) printWhyFile(p *printer, f *whyFile, noDocument string) {
	p.line("%s", c.painted(bold, string(f.Path)))
	for _, l := range f.Links {
		p.line("  through    the link %s -> %s", string(l.Path), string(l.Target))
	}
	p.line("  is         %s", isText(f))
	if f.Target != "" {
		p.line("  leads to   nothing in the image")
	}
	if f.Dangling != nil {
		p.line("             %s", goneText(f.Dangling))
	}
	c.printFolder(p, f.Holds)
	p.line("  origin     %s", originText(f.Origin))
	for i, h := range f.Chain {
		label := "from"
		if i == 0 && !isMaterial(h.Kind) {
			label = "written by"
		}
		c.printHop(p, label, &f.Chain[i], i == len(f.Chain)-1 && h.Read != nil)
	}
	if f.Package == nil {
		if f.CopyOf != nil {
			p.line("  package    none; it is a copy of %s, of %s", string(f.CopyOf.Path), f.CopyOf.PURL)
		} else {
			p.line("  package    none")
		}
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
	c.printLicence(p, f.Package, noDocument)
	if f.Package.Download != "" {
		p.line("  download   %s", f.Package.Download)
	}
}

// isText says what an entry is.
func isText(f *whyFile) string {
	what := fmt.Sprintf("%s %s, owner %d:%d", typeText(f.Type), f.Mode, f.UID, f.GID)
	if f.Type == provenance.TypeFile {
		what += fmt.Sprintf(", %s, %s", bytesText(f.Size), f.Digest)
	}
	if f.Target != "" {
		what += " -> " + string(f.Target)
	}
	if f.Device != "" {
		what += ", device " + f.Device
	}
	if f.Capability != "" {
		what += ", capability " + f.Capability
	}
	return what
}

// typeText is the type of an entry in words.
func typeText(kind string) string {
	switch kind {
	case provenance.TypeDir:
		return "folder"
	case provenance.TypeSymlink:
		return "link"
	case provenance.TypeChar:
		return "character device"
	case provenance.TypeBlock:
		return "block device"
	}
	return kind
}

func pathTexts(paths []step.Path) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = string(p)
	}
	return out
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
	}[o.Class]
	if o.Of != "" {
		text += " (" + o.Of + ")"
	}
	if o.Reason != "" { // of what is unexplained alone
		text = o.Reason
	}
	return fmt.Sprintf("%s, %s: %s", o.Class, o.From, text)
}

// printHop prints a step or material, and what a step read if that is wanted.
func (c *cli) printHop(p *printer, label string, h *hop, read bool) {
	where := ""
	if h.Path != "" {
		where = "  " + string(h.Path)
	}
	if isMaterial(h.Kind) {
		p.line("  %-10s %s %s  %s  %s%s", label, h.ID, h.Kind, h.What, digestText(h.Digest), where)
		for _, text := range carriedText(h.Carried) {
			p.line("  %-10s %s", "", text)
		}
		if h.Next != "" {
			p.line("  %-10s %s", "go on with", h.Next)
		}
		return
	}
	p.line("  %-10s %s  %s  %s%s", label, h.ID, linesText(h.Lines), c.painted(bold, oneLine(h.What, commandWidth)), where)
	if h.Inside != nil {
		p.line("  %-10s %s", "", insideText(h.Inside))
	}
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

// insideText says where a RUN had the bytes from. That the command copied them nobody saw.
func insideText(in *whyInside) string {
	switch in.How {
	case insideKept:
		return "the same bytes as before the step, which changed mode or owner"
	case insideDownloaded:
		return "the same bytes as what the step downloaded"
	case insideMoved:
		return "the same bytes as a file that the step removed: " + listText(pathTexts(in.Paths))
	}
	return "the same bytes as an input of the step: " + listText(pathTexts(in.Paths))
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

func (c *cli) printLicence(p *printer, k *whyPackage, noDocument string) {
	declared, concluded := k.LicenceDeclared, k.LicenceConcluded
	switch {
	case noDocument != "":
		p.line("  licence    not told: %s", c.painted(yellow, noDocument))
	case declared == "" && concluded == "":
		p.line("  licence    not known")
	case concluded == "" || concluded == declared:
		p.line("  licence    %s", cmp.Or(declared, concluded))
	default:
		p.line("  licence    %s (declared: %s)", concluded, licenceText(declared, ""))
	}
}
