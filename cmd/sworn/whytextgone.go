package main

import (
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
)

// printFolder prints what lies in a folder; nothing of others.
func (c *cli) printFolder(p *printer, d *whyFolder) {
	if d == nil {
		return
	}
	if d.Entries == 0 {
		p.line("  holds      nothing")
		return
	}
	owned := "none of a package"
	if d.Owned > 0 {
		owned = fmt.Sprintf("%d of %s", d.Owned, wording.Count(d.Packages, "package"))
	}
	p.line("  holds      %s, %s of %s; %s", wording.Count(d.Entries, "entry", "entries"), wording.Count(d.Files, "file"), bytesText(d.Bytes), owned)
	var classes, writers []string
	for _, class := range provenance.OriginClasses() {
		if n := d.ByOrigin[class]; n > 0 {
			classes = append(classes, fmt.Sprintf("%d %s", n, class))
		}
	}
	for _, s := range d.BySource {
		writers = append(writers, fmt.Sprintf("%d by %s", s.Entries, s.Source))
	}
	p.line("             by origin %s", strings.Join(classes, ", "))
	p.line("             written %s", listText(writers))
}

func (c *cli) printGone(p *printer, g *whyGone) {
	p.line("%s", c.painted(bold, string(g.Path)))
	p.line("  is         %s", c.painted(yellow, "not in the image"))
	if g.RemovedBy != nil {
		c.printHop(p, "removed by", g.RemovedBy, false)
	}
	if g.Before != nil {
		b := g.Before
		p.line("  was        %s", isText(&whyFile{Type: b.Type, Mode: b.Mode, UID: b.UID, GID: b.GID, Size: b.Size, Digest: "sha256:" + b.Digest.String(), Target: b.Target, Device: b.Device, Capability: b.Capability}))
		if b.Package != "" {
			p.line("             of package %s", b.Package)
		}
	}
	switch {
	case g.WrittenBy != nil && isMaterial(g.WrittenBy.Kind):
		c.printHop(p, "came with", g.WrittenBy, false)
	case g.WrittenBy != nil:
		c.printHop(p, "written by", g.WrittenBy, false)
		if g.RemovedBy == nil {
			p.line("             %s", "in another stage; no copy brought it to this place")
		}
	}
	if len(g.Now) > 0 {
		p.line("  same bytes %s", listText(pathTexts(g.Now)))
	}
}

// goneText is what a path was, in one line.
func goneText(g *whyGone) string {
	if g.RemovedBy == nil {
		return fmt.Sprintf("%s is in another stage alone: %s (%s) wrote it", string(g.Path), g.WrittenBy.ID, linesText(g.WrittenBy.Lines))
	}
	return fmt.Sprintf("%s (%s) removed %s: %s", g.RemovedBy.ID, linesText(g.RemovedBy.Lines), string(g.Path), oneLine(g.RemovedBy.What, commandWidth))
}
