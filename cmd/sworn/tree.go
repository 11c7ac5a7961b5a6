package main

import (
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/wording"
	"github.com/sworn-build/sworn/step"
)

const (
	// commandWidth is how much of a command is shown, in characters: a line of a
	// usual terminal.
	commandWidth = 88
	// listWidth is how much of a list of packages or paths is shown, in characters,
	// before "+ N more". All of it is in the JSON.
	listWidth = 110
	// maxDownloads is how many downloads are shown.
	maxDownloads = 20
	// maxSources is how many sources of files are shown, most files first.
	maxSources = 12
)

// printInspection prints an inspection as a tree.
func (c *cli) printInspection(in inspection) error {
	p := &printer{w: c.stdout}
	p.line("%s", c.painted(bold, in.Resolved))
	for i := range in.Platforms {
		c.printPlatform(p, &in.Platforms[i])
	}
	c.printSigners(p, in)
	return p.err
}

func (c *cli) printPlatform(p *printer, pl *inspectedPlatform) {
	p.line("%s  %s", c.painted(bold, pl.Platform), pl.Digest)
	if pl.Steps == nil {
		p.line("├─ %s", c.painted(yellow, "no steps: the image has no statement of type "+provenance.StepsType))
	} else {
		c.printMaterials(p, pl.Steps.Materials)
		c.printSteps(p, pl.Steps.Steps)
	}
	if t := pl.Contents; t != nil {
		p.line("├─ contents: %s, %s of %s; %s of %s, %d of none",
			wording.Count(t.Entries, "entry", "entries"), wording.Count(t.Files, "file"), bytesText(t.Bytes),
			wording.Count(t.Owned, "file"), wording.Count(t.Packages, "package"), t.Unowned)
		for _, class := range provenance.OriginClasses() {
			if n := t.ByOrigin[class]; n > 0 {
				name := painted(class)
				if class == provenance.OriginUnexplained {
					name = c.painted(yellow, class)
				}
				p.line("│  %6d of class %s", n, name)
			}
		}
		for i, s := range t.BySource {
			if i == maxSources {
				p.line("│         + %d more", len(t.BySource)-i)
				break
			}
			p.line("│  %6d from %s", s.Entries, s.Source)
		}
	}
	p.line("└─ statements")
	for _, s := range pl.Statements {
		p.line("   %9s  %s", bytesText(s.Size), s.PredicateType)
	}
}

func (c *cli) printMaterials(p *printer, materials []provenance.Material) {
	p.line("├─ materials")
	downloads := 0
	for _, m := range materials {
		if m.Kind == provenance.KindDownload {
			if downloads++; downloads > maxDownloads {
				continue
			}
		}
		pinned := ""
		if m.Pinned {
			pinned = "  pinned"
		}
		p.line("│  %-9s %-10s %s  %s%s", m.ID, m.Kind, m.URI, digestText(m.Digest), pinned)
		if v := m.Verified; v != nil {
			p.line("│  %-9s %s", "", verifiedText(v))
		}
		for _, text := range carriedText(m.Carried) {
			p.line("│  %-9s %s", "", text)
		}
	}
	if downloads > maxDownloads {
		p.line("│  + %s", wording.Count(downloads-maxDownloads, "more download"))
	}
}

// printSteps prints the steps under the stages that their names begin with.
func (c *cli) printSteps(p *printer, steps []provenance.Step) {
	p.line("├─ steps")
	stage := ""
	for i := range steps {
		s := &steps[i]
		if name := stageOf(s.Name); name != stage || i == 0 {
			stage = name
			p.line("│  ├─ %s", c.painted(bold, stage))
		}
		c.printStep(p, s)
	}
}

// stageOf returns the stage of a name like "[build 2/4] RUN make" or, where there
// are several platforms, "[linux/amd64->arm64 build 2/4] RUN make". A stage without
// a name that is the only one is not in it: "[2/4] RUN make".
func stageOf(name string) string {
	inner, _, ok := strings.Cut(strings.TrimPrefix(name, "["), "]")
	if !ok || !strings.HasPrefix(name, "[") {
		return "(no stage)"
	}
	for word := range strings.FieldsSeq(inner) {
		// Platforms and counts have a slash, names of stages never.
		if !strings.Contains(word, "/") {
			return word
		}
	}
	return "(only stage)"
}

func (c *cli) printStep(p *printer, s *provenance.Step) {
	p.line("│  │  ├─ %s  %s  %s", s.ID, linesText(s.Lines), c.painted(bold, oneLine(whatText(s), commandWidth)))
	detail := func(label, format string, args ...any) {
		p.line("│  │  │    %-8s  %s", label, fmt.Sprintf(format, args...))
	}
	if s.Kind == step.KindExec {
		detail("sandbox", "%s", sandboxText(s))
		for _, d := range s.Directives {
			detail("said", "%s", directiveText(d))
		}
		if text := networkText(s.Network); text != "" {
			detail("network", "%s", text)
		}
		if n := s.Network; n != nil && n.Mode == step.NetworkRecord && !n.Complete {
			p.line("│  │  │    %-8s  %s", "", c.painted(yellow, "not complete: "+strings.Join(n.Reasons, "; ")))
		}
		if s.Exit != nil && *s.Exit != 0 {
			detail("exit", "%d", *s.Exit)
		}
	}
	if len(s.Reads) > 0 {
		detail("from", "%s", strings.Join(append([]string{s.Parent}, s.Reads...), ", "))
	}
	if in := s.Inputs; in != nil {
		detail("read", "%s", inputsText(in))
		if paths := inputPaths(in); len(paths) > 0 {
			detail("", "%s", listText(paths))
		}
		if !in.Complete {
			p.line("│  │  │    %-8s  %s", "", c.painted(yellow, "not complete: "+strings.Join(append([]string{"observed by " + in.Mode}, in.Reasons...), "; ")))
		}
	}
	detail("wrote", "%s", outputsText(&s.Outputs))
	if list := s.Outputs.PackagesAdded; len(list) > 0 {
		detail("packages", "+ %s", listText(shortPURLs(list)))
	}
	if list := s.Outputs.PackagesRemoved; len(list) > 0 {
		detail("packages", "- %s", listText(shortPURLs(list)))
	}
	if list := s.Outputs.PackagesLost; len(list) > 0 {
		detail("packages", "%s", c.painted(yellow, "no longer listed, though files of them may be there: "+listText(shortPURLs(list))))
	}
}

func (c *cli) printSigners(p *printer, in inspection) {
	if len(in.Signers) == 0 {
		p.line("%s", c.painted(yellow, "signed by nobody"))
	}
	for _, s := range in.Signers {
		if s.Verified {
			p.line("signed by key %s, %s: %s", s.Key, c.painted(green, "verified"), wording.Count(s.Bundles, "bundle"))
		} else {
			p.line("signed by key hint %s, %s: %s", s.Key, c.painted(yellow, "not verified"), wording.Count(s.Bundles, "bundle"))
		}
	}
	switch {
	case in.Verdict == nil:
		p.line("nothing above is verified; sworn verify --key PUB does that")
	case in.Verdict.Pass:
		p.line("verdict: %s", c.painted(green, "pass"))
	default:
		p.line("verdict: %s, so nothing above is to be believed", c.painted(red, "fail"))
	}
}
