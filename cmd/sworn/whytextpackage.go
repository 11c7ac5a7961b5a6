package main

import (
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

func (c *cli) printWhyPackage(p *printer, k *whyPackage, noDocument string) {
	p.line("%s", c.painted(bold, k.PURL))
	if !k.InImage {
		p.line("  is         %s", c.painted(yellow, "not in the image"))
	}
	if k.BroughtBy != nil {
		c.printHop(p, "brought by", k.BroughtBy, k.BroughtBy.Read != nil && k.InImage)
	} else {
		p.line("  brought by not known: it is in no package database that a step changed, and no file of the image is its")
	}
	for i := range k.WrittenBy {
		c.printHop(p, "written by", &k.WrittenBy[i], false)
	}
	if k.RemovedBy != nil {
		c.printHop(p, "removed by", k.RemovedBy, false)
	}
	if k.UnlistedBy != nil {
		c.printHop(p, "unlisted by", k.UnlistedBy, false)
	}
	for i := range k.UsedBy {
		c.printHop(p, "read by", &k.UsedBy[i], false)
	}
	if k.InImage {
		c.printPackageFiles(p, k)
		if b := k.BroughtBy; noDocument != "" && b != nil && isMaterial(b.Kind) {
			p.line("  deleted    not told: what %s came with is in SPDX documents alone", b.ID)
		}
	}
	c.printLicence(p, k, noDocument)
	source := "source"
	found, isFound := strings.CutPrefix(k.SourceInfo, "found in ")
	if isFound {
		source = "found in"
	} else {
		found = k.SourceInfo
	}
	for _, d := range []struct{ label, value string }{
		{"supplier", k.Supplier}, {"download", k.Download}, {source, found}, {"note", noteText(k.Comment)},
	} {
		if d.value != "" {
			p.line("  %-10s %s", d.label, d.value)
		}
	}
}

// printPackageFiles prints the files of a package, what it is part of, and which of its
// files are not as it came with them.
func (c *cli) printPackageFiles(p *printer, k *whyPackage) {
	for _, holder := range k.LinkedInto {
		p.line("  part of    %s", holder)
	}
	if len(k.Files) == 0 {
		p.line("  files      none of its own in the image")
	} else {
		p.line("  files      %d in the image: %s", len(k.Files), listText(pathTexts(k.Files)))
	}
	if n := len(k.Changed); n > 0 {
		p.line("  changed    %s", c.painted(yellow, fmt.Sprintf("%d: %s", n, affectedText(k.Changed))))
	}
	if n := len(k.Unexplained); n > 0 {
		p.line("  unexplained %s", c.painted(yellow, fmt.Sprintf("%d, whose bytes may not be the package's: %s", n, affectedText(k.Unexplained))))
	}
	if n := len(k.Missing); n > 0 {
		p.line("  deleted    %s", c.painted(yellow, fmt.Sprintf("%d: %s", n, affectedText(k.Missing))))
	}
	if k.Unnamed > 0 {
		p.line("             %s", c.painted(yellow, wording.Count(k.Unnamed, "more changed or deleted file")+" that the document does not name"))
	}
}

// affectedText lists files with who wrote or removed them.
func affectedText(list []whyAffected) string {
	var names []string
	for _, f := range list {
		by := "by " + f.By
		if f.By == "" {
			by = "by no step of this build"
		}
		names = append(names, fmt.Sprintf("%s (%s)", string(f.Path), by))
	}
	return listText(names)
}

// noteText is what a comment says that is not shown in another way.
func noteText(comment string) string {
	var out []string
	for part := range strings.SplitSeq(comment, "; ") {
		shown := strings.HasPrefix(part, "brought by ") || part == "not in the image"
		for _, note := range changedNotes {
			shown = shown || strings.HasPrefix(part, note)
		}
		if !shown {
			out = append(out, part)
		}
	}
	return strings.Join(out, "; ")
}
