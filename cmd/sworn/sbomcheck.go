package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/check"
	"github.com/sworn-build/sworn/sbom/wording"
)

// checkedOutput is the JSON of sworn sbom --check.
type checkedOutput struct {
	// attested is left out of a file.
	*attested
	File      string            `json:"file,omitempty"`
	Documents []checkedDocument `json:"documents"`
}

type checkedDocument struct {
	PredicateType string `json:"predicateType,omitempty"`
	check.Report
}

func (c *cli) sbomCheck(ctx context.Context, ref string, o sbomOptions) error {
	if b, ok, err := c.documentFile(ref); err != nil {
		return err
	} else if ok {
		return c.checked(checkedOutput{File: ref, Documents: []checkedDocument{{Report: check.Document(b)}}}, o)
	}
	if strings.HasSuffix(ref, ".json") {
		c.say("there is no file %s, so it is taken as the name of an image", ref)
	}
	return c.attestedOf(ctx, ref, o.attestedOptions, func(a attested) error {
		out := checkedOutput{attested: &a, Documents: []checkedDocument{}}
		for _, kind := range []string{provenance.SPDXType, provenance.SPDX3Type, cycloneDXType} {
			for _, b := range a.of(kind) {
				out.Documents = append(out.Documents, checkedDocument{kind, check.Document(b)})
			}
		}
		if len(out.Documents) == 0 {
			return a.lacks(provenance.SPDXType)
		}
		return c.checked(out, o)
	})
}

// cycloneDXType is the predicate type under which others attach CycloneDX documents.
const cycloneDXType = "https://cyclonedx.org/bom"

// documentFile reads a document out of a file, when an argument names one, or standard
// input. A document that is the predicate of an in-toto statement is taken out of it.
func (c *cli) documentFile(name string) (b []byte, ok bool, err error) {
	if name == "-" {
		b, err = readAtMost(c.stdin, "standard input", maxLocalStatement)
	} else if info, failed := os.Stat(name); failed == nil && info.Mode().IsRegular() {
		b, err = readBounded(name, maxLocalStatement)
	} else {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var s struct {
		Type      string          `json:"_type"`
		Predicate json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(b, &s); err == nil && strings.HasPrefix(s.Type, "https://in-toto.io/Statement/") {
		b = s.Predicate
	}
	return b, true, nil
}

// checked prints reports, and fails when a document is not valid or lacks what is required.
func (c *cli) checked(out checkedOutput, o sbomOptions) error {
	var err error
	if o.json {
		err = c.printJSON(out)
	} else {
		p := &printer{w: c.stdout}
		for _, d := range out.Documents {
			c.printReport(p, d)
		}
		err = p.err
	}
	if err != nil {
		return err
	}
	for _, d := range out.Documents {
		if n := d.Errors(); n > 0 {
			return &failure{message: fmt.Sprintf("%s is not valid: %s", d.called(), wording.Count(n, "error")), hints: []string{"docs/sbom.md says what each rule asks for"}}
		}
	}
	return out.required(o.require)
}

// required fails when no document has all minimum elements of a table.
func (out *checkedOutput) required(names []string) error {
	for _, name := range names {
		var lacks []string
		pass := false
		for _, d := range out.Documents {
			i := slices.IndexFunc(d.Minimum, func(t check.Table) bool { return t.Name == name })
			if i < 0 || d.Minimum[i].NotApplicable != "" {
				continue
			}
			pass = pass || d.Minimum[i].Pass
			for _, r := range d.Minimum[i].Rows {
				if !r.Pass {
					lacks = append(lacks, r.Element)
				}
			}
		}
		if !pass {
			f := &failure{message: "no document has the minimum elements of " + name}
			if len(lacks) > 0 {
				slices.Sort(lacks)
				f.hints = []string{"missing: " + strings.Join(slices.Compact(lacks), "; ")}
			}
			return f
		}
	}
	return nil
}

func (d *checkedDocument) called() string {
	if d.Format == "" {
		return "the document"
	}
	return "the document of " + d.Format
}

// maxPrinted is how many places are printed of one rule; all that the report has are in the
// JSON.
const maxPrinted = 5

func (c *cli) printReport(p *printer, d checkedDocument) {
	format := d.Format
	if format == "" {
		format = "unknown format"
	}
	p.line("%s  %s", c.painted(bold, format), d.Name)
	p.line("  %s, %s, %s", wording.Count(d.Components, "component"), wording.Count(d.Files, "file"), wording.Count(d.Relationships, "relationship"))
	for _, f := range d.Findings {
		state := c.painted(red, f.Level)
		if f.Level != check.LevelError {
			state = c.painted(yellow, f.Level)
		}
		p.line("  %s %s, %s", state, f.Rule, wording.Count(f.Count, "time"))
		for i, w := range f.Where {
			if i == maxPrinted {
				break
			}
			at := w.At
			if at == "" {
				at = "document"
			}
			p.line("    %s: %s", at, w.Message)
		}
	}
	if d.Valid {
		p.line("  %s: no rule of the format is broken", c.painted(green, "valid"))
	} else {
		p.line("  %s", c.painted(red, "not valid"))
	}
	for _, t := range d.Minimum {
		c.printMinimum(p, t)
	}
}

func (c *cli) printMinimum(p *printer, t check.Table) {
	if t.NotApplicable != "" {
		p.line("  %s: not applicable, %s", c.painted(bold, t.Title), t.NotApplicable)
		return
	}
	p.line("  %s", c.painted(bold, t.Title))
	for _, r := range t.Rows {
		state := c.painted(green, "pass")
		detail := ""
		if !r.Pass {
			state = c.painted(red, "FAIL")
			if r.Of > 0 {
				detail = fmt.Sprintf(": %d of %d lack it: %s", r.Missing, r.Of, listTextOf(r.Lacking, r.Missing))
			}
		}
		p.line("    %s  %s%s", state, r.Element, detail)
	}
}
