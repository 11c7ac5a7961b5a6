package check_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/check"
)

// table returns a table of a report.
func table(t *testing.T, r check.Report, name string) check.Table {
	t.Helper()
	for _, table := range r.Minimum {
		if table.Name == name {
			return table
		}
	}
	t.Fatalf("no table %s", name)
	return check.Table{}
}

// lacking are the elements that a document lacks: how many components of how many.
func lacking(table check.Table) []string {
	out := []string{}
	for _, r := range table.Rows {
		if !r.Pass {
			out = append(out, fmt.Sprintf("%s %d/%d %s", r.Element, r.Missing, r.Of, strings.Join(r.Lacking, ",")))
		}
	}
	return out
}

// TestMinimumElements: the complete components of the samples have them all, and what one
// lacks is counted and named.
func TestMinimumElements(t *testing.T) {
	for _, c := range []struct {
		document, old, new, table string
		want                      []string
	}{
		{v2, "", "", check.NTIA, nil},
		{v2, `"Person: Someone"`, `"NOASSERTION"`, check.NTIA, []string{"supplier name 1/2 lib"}},
		{v2, `"versionInfo": "2", `, ``, check.NTIA, []string{"version 1/2 lib"}},
		{v2, "2026-01-02T03", "yesterday", check.NTIA, []string{"timestamp 0/0 "}},
		{v2, `"creators": ["Tool: maker-1.0", "Organization: Example (sbom@example.test)"]`, `"creators": []`, check.NTIA, []string{"author of SBOM data 0/0 "}},
		// What nothing leads to is no component of the product.
		{v2, `"DEPENDS_ON", "relatedSpdxElement": "SPDXRef-lib"`, `"GENERATED_FROM", "relatedSpdxElement": "SPDXRef-lib"`, check.Telco, []string{}},
		{v2, `"DESCRIBES"`, `"OTHER"`, check.Telco, []string{"DESCRIBES 0/0 "}},
		{v3, "\"dependsOn\", \"to\": [\"https://spdx.org/rdf/3.0.1/terms/Core/NoneElement\"]", "\"other\", \"to\": [\"https://spdx.org/rdf/3.0.1/terms/Core/NoneElement\"]", check.NTIA, []string{"dependency relationship 1/1 app"}},
		{v2, `"externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:generic/app@1.0"}]`, `"summary": "x"`, check.NTIA, []string{"other unique identifiers 1/2 app"}},
		{v2, "", "", check.CISA, nil},
		{v2, "SBOM Type: Build", "made by hand", check.CISA, []string{"generation context 0/0 "}},
		{v2, `, "Organization: Example (sbom@example.test)"]`, `]`, check.CISA, []string{"SBOM author 0/0 "}},
		{v2, `"licenseDeclared": "GPL-2.0-or-later WITH Classpath-exception-2.0"`, `"licenseDeclared": "NONE"`, check.CISA, []string{"license 1/2 lib"}},
		{v2, `"checksums": [{"algorithm": "SHA512", "checksumValue": "` + strings.Repeat("d", 128) + `"}],`, ``, check.CISA, []string{"component hash 1/2 lib"}},
		{v2, "", "", check.Telco, nil},
		{v2, "maker-1.0", "maker", check.Telco, []string{"creator: tool and its version 0/0 "}},
		{v2, `"copyrightText": "NONE",`, ``, check.Telco, []string{"copyright text, if only NOASSERTION 1/2 lib"}},
		{v3, "", "", check.BSI, nil},
		{v3, "", "", check.CISA, []string{}},
		{v3, `["archive", "container"]`, `["archive"]`, check.BSI, []string{"structured property 1/1 app"}},
		{v3, `, "completeness": "complete"`, ``, check.BSI, []string{"dependencies and their completeness 1/1 app"}},
		{v3, "sbom@example.test", "somebody", check.BSI, []string{"creator of the SBOM, by email or URL 0/0 ", "component creator, by email or URL 1/1 app"}},
		{v3, "sha512", "sha3_512", check.BSI, []string{"hash of the deployable component (SHA-512) 1/1 app"}},
		{v3, "hasConcludedLicense", "hasDeclaredLicense", check.BSI, []string{"distribution licences 1/1 app"}},
		{cdx, "", "", check.NTIA, []string{"supplier name 1/2 lib", "version 1/2 lib"}},
		{cdx, "", "", check.CISA, []string{"software producer 1/2 lib", "component version 1/2 lib", "component hash 1/2 lib"}},
		{cdx, `, "purl": "pkg:generic/app@1.0"`, ``, check.NTIA, []string{"supplier name 1/2 lib", "version 1/2 lib", "other unique identifiers 1/2 app"}},
	} {
		whole := sample(t, c.document)
		b := bytes.ReplaceAll(whole, []byte(c.old), []byte(c.new))
		if c.old != "" && bytes.Equal(b, whole) {
			t.Errorf("nothing to edit: %s", c.old)
		}
		if c.old == "" {
			b = whole
		}
		got := lacking(table(t, check.Document(b), c.table))
		if c.want == nil {
			c.want = []string{}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s of %s, %s -> %s (-want +got):\n%s", c.table, c.document, c.old, c.new, diff)
		}
	}
}

// TestTablesAreAboutTheirFormats.
func TestTablesAreAboutTheirFormats(t *testing.T) {
	for _, c := range []struct{ document, table string }{{v2, check.BSI}, {v3, check.Telco}, {cdx, check.Telco}} {
		if got := table(t, check.Document(sample(t, c.document)), c.table); got.NotApplicable == "" || got.Pass || len(got.Rows) > 0 {
			t.Errorf("%s: table %+v", c.document, got)
		}
	}
	var names []string
	for _, table := range check.Document(sample(t, v2)).Minimum {
		names = append(names, table.Name)
	}
	if diff := cmp.Diff(check.Tables(), names); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// TestNoComponentsIsNoPass: an empty list has no element of a component.
func TestNoComponentsIsNoPass(t *testing.T) {
	r := check.Document([]byte(`{"bomFormat":"CycloneDX","specVersion":"1.6"}`))
	if r := table(t, r, check.NTIA).Rows[0]; r.Pass {
		t.Errorf("row %+v", r)
	}
}
