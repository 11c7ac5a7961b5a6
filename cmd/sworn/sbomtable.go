package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom/export"
	"github.com/sworn-build/sworn/sbom/wording"
)

// maxCell is how wide a column of the table gets, in characters.
const maxCell = 44

// printBOM prints the packages of a document as a table, with what contents/v1 says of files.
func (c *cli) printBOM(w io.Writer, a attested, doc *export.Document, contents provenance.Contents) error {
	p := &printer{w: w}
	p.line("%s  %s", a.Resolved, a.Platform)
	rows := [][]string{{"PACKAGE", "VERSION", "TYPE", "LICENCE", "FILES"}}
	files := map[string]int{}
	for _, f := range contents.Files {
		if f.Package != nil && f.Type == provenance.TypeFile {
			files[contents.Packages[*f.Package]]++
		}
	}
	var packages [][]string
	outside := export.Outside(doc)
	for _, pkg := range doc.Packages {
		purl := ""
		for _, r := range pkg.PackageExternalReferences {
			if r.RefType == "purl" {
				purl = r.Locator
			}
		}
		if purl == "" || outside[string(pkg.PackageSPDXIdentifier)] {
			continue // the image itself, files that no package owns, what is not in it
		}
		packages = append(packages, []string{pkg.PackageName, pkg.PackageVersion, purlType(purl), licenceText(pkg.PackageLicenseConcluded, pkg.PackageLicenseDeclared), fmt.Sprint(files[purl])})
	}
	slices.SortStableFunc(packages, func(a, b []string) int {
		return cmp.Or(cmp.Compare(a[2], b[2]), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	printTable(p, append(rows, packages...))
	var classes []string
	for _, class := range provenance.OriginClasses() {
		if n := contents.OriginCounts[class]; n > 0 {
			classes = append(classes, fmt.Sprintf("%d %s", n, class))
		}
	}
	p.line("%s; %s by origin: %s", wording.Count(len(packages), "package"), wording.Count(len(contents.Files), "entry", "entries"), strings.Join(classes, ", "))
	if doc.DocumentComment != "" {
		p.line("note: %s", doc.DocumentComment)
	}
	return p.err
}

// licenceText is the concluded licence, or else the declared one.
func licenceText(concluded, declared string) string {
	for _, l := range []string{concluded, declared} {
		if l != "" && l != "NOASSERTION" && l != "NONE" {
			return l
		}
	}
	return "-"
}

// purlType is the type of a package URL.
func purlType(purl string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	return kind
}

// printTable prints rows with their columns under each other.
func printTable(p *printer, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i := range r {
			r[i] = oneLine(r[i], maxCell)
			width[i] = max(width[i], utf8.RuneCountInString(r[i]))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, cell := range r {
			if i < len(r)-1 {
				cell += strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2)
			}
			b.WriteString(cell)
		}
		p.line("%s", painted(b.String())) // oneLine has escaped the cells
	}
}
