package check_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/check"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	v2  = "app.spdx.json"
	v3  = "app.spdx3.json"
	cdx = "app.cdx.json"
)

// breaks are edits of valid documents, and the one rule that each breaks.
func breaks() []struct{ rule, document, old, new string } {
	a := strings.Repeat("a", 40)
	return []struct{ rule, document, old, new string }{
		{"json", v2, `"name": "app",`, `"name": "app"`},
		{"json", v3, "  ]\n}\n", "  ]\n}\n{}"},
		{"json", v2, `"app"`, "\"\xff\""},
		{"json", v2, `"app"`, strings.Repeat("[", 80) + strings.Repeat("]", 80)},
		{"json-twice", v2, `"name": "app",`, `"name": "app", "name": "app",`},
		{"format", v2, `"spdxVersion"`, `"version"`},

		{"spdx2-version", v2, "SPDX-2.3", "SPDX-2.9"},
		{"spdx2-version", v2, "CC0-1.0", "MIT"},
		{"spdx2-missing", v2, `"downloadLocation": "NOASSERTION", `, ``},
		{"spdx2-missing", v2, `"name": "lib"`, `"name": ""`},
		{"spdx2-missing", v2, `"creators": ["Tool: maker-1.0", "Organization: Example (sbom@example.test)"]`, `"creators": []`},
		{"spdx2-type", v2, `"filesAnalyzed": false`, `"filesAnalyzed": "no"`},
		{"spdx2-type", v2, `"creators": ["Tool: maker-1.0"`, `"creators": [1, "Tool: maker-1.0"`},
		{"spdx2-unknown", v2, `"name": "app",`, `"name": "app", "colour": "red",`},
		{"spdx2-document", v2, `"SPDXID": "SPDXRef-DOCUMENT"`, `"SPDXID": "SPDXRef-Document"`},
		{"spdx2-namespace", v2, `"https://example.test/app-1"`, `"app-1"`},
		{"spdx2-namespace", v2, `"https://example.test/app-1"`, `"https://example.test/app#1"`},
		{"spdx2-id", v2, "SPDXRef-lib", "SPDXRef-l_b"},
		{"spdx2-id-twice", v2, `"SPDXID": "SPDXRef-part"`, `"SPDXID": "SPDXRef-lib"`},
		{"spdx2-dangling", v2, `"relatedSpdxElement": "SPDXRef-lib"`, `"relatedSpdxElement": "SPDXRef-gone"`},
		{"spdx2-dangling", v2, `"snippetFromFile": "SPDXRef-main"`, `"snippetFromFile": "SPDXRef-lib"`},
		{"spdx2-dangling", v2, `"DocumentRef-base:SPDXRef-app"`, `"DocumentRef-other:SPDXRef-app"`},
		{"spdx2-relationship", v2, "DEPENDS_ON", "NEEDS"},
		{"spdx2-relationship-ends", v2, `"spdxElementId": "SPDXRef-DOCUMENT"`, `"spdxElementId": "SPDXRef-lib"`},
		{"spdx2-relationship-ends", v2, `"DEPENDS_ON", "relatedSpdxElement": "SPDXRef-lib"`, `"DEPENDS_ON", "relatedSpdxElement": "SPDXRef-app"`},
		{"spdx2-relationship-twice", v2, `"DEPENDS_ON", "relatedSpdxElement": "SPDXRef-lib"`, `"CONTAINS", "relatedSpdxElement": "SPDXRef-main"`},
		{"spdx2-describes", v2, `"DESCRIBES"`, `"OTHER"`},
		{"spdx2-date", v2, `"created": "2026-01-02T03:04:05Z"`, `"created": "2026-02-30T03:04:05Z"`},
		{"spdx2-date", v2, `"builtDate": "2026-01-02T03:04:05Z"`, `"builtDate": "2026-01-02T03:04:05+01:00"`},
		{"spdx2-creator", v2, "Tool: maker-1.0\", \"Org", "maker-1.0\", \"Org"},
		{"spdx2-party", v2, "Person: Someone", "Someone"},
		{"spdx2-checksum", v2, strings.Repeat("c", 64), strings.Repeat("c", 63)},
		{"spdx2-checksum", v2, strings.Repeat("c", 64), strings.Repeat("x", 64)},
		{"spdx2-checksum", v2, `"MD5"`, `"CRC32"`},
		{"spdx2-sha1", v2, `{"algorithm": "SHA1", "checksumValue": "` + a + `"}, `, ``},
		{"spdx2-verification-code", v2, "a56559418dc7908ce5f0b24b05c78e055cb863dc", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"spdx2-verification-code", v2, `"filesAnalyzed": false,`, ``},
		{"spdx2-files-analyzed", v2, `"DEPENDS_ON", "relatedSpdxElement": "SPDXRef-lib"`, `"OTHER", "relatedSpdxElement": "SPDXRef-lib"}, {"spdxElementId": "SPDXRef-lib", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-main"`},
		{"spdx2-files-analyzed", v2, `"filesAnalyzed": false,`, `"filesAnalyzed": false, "licenseInfoFromFiles": ["MIT"],`},
		{"spdx2-licence", v2, `"licenseConcluded": "MIT"`, `"licenseConcluded": "Expat"`},
		{"spdx2-licence", v2, `"licenseConcluded": "MIT"`, `"licenseConcluded": "MIT AND"`},
		{"spdx2-licence", v2, "Classpath-exception-2.0", "Classpath-exception-9"},
		{"spdx2-licence-ref", v2, `"licenseConcluded": "MIT"`, `"licenseConcluded": "LicenseRef-other"`},
		{"spdx2-licence-ref", v2, `"licenseConcluded": "MIT"`, `"licenseConcluded": "DocumentRef-x:LicenseRef-own"`},
		{"spdx2-extracted", v2, `[{"licenseId"`, `[{"licenseId": "LicenseRef-own", "extractedText": "x"}, {"licenseId"`},
		{"spdx2-extracted-unused", v2, `[{"licenseId"`, `[{"licenseId": "LicenseRef-more", "extractedText": "x"}, {"licenseId"`},
		{"spdx2-download", v2, `"https://example.test/app-1.0.tar"`, `"app-1.0.tar"`},
		{"spdx2-external-ref", v2, "pkg:deb/debian/lib@2", "deb/debian/lib@2"},
		{"spdx2-external-ref", v2, "cpe:2.3:a:x:lib:2:*:*:*:*:*:*:*", "cpe:2.3:a:x"},
		{"spdx2-external-ref", v2, `"SECURITY"`, `"SAFETY"`},
		{"spdx2-external-ref", v2, `"cpe23Type"`, `"purl"`},
		{"spdx2-external-document", v2, "https://example.test/base", "base"},
		{"spdx2-word", v2, `"APPLICATION"`, `"APP"`},
		{"spdx2-word", v2, `"BINARY"`, `"BIN"`},
		{"spdx2-word", v2, `"annotationType": "OTHER"`, `"annotationType": "NOTE"`},

		{"spdx3-context", v3, "rdf/3.0.1/spdx-context", "rdf/3.1/spdx-context"},
		{"spdx3-context", v3, `  "@graph": [`, `  "@graph": [1,`},
		{"spdx3-class", v3, `"type": "Tool"`, `"type": "Hammer"`},
		{"spdx3-class", v3, `"type": "software_File"`, `"type": "Artifact"`},
		{"spdx3-missing", v3, `, "build_buildType": "https://example.test/make"`, ``},
		{"spdx3-missing", v3, `"relationshipType": "dependsOn", "to": ["https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"]`, `"relationshipType": "dependsOn", "to": []`},
		{"spdx3-type", v3, `"name": "maker-1.0"`, `"name": 1`},
		{"spdx3-type", v3, `"application"`, `"app"`},
		{"spdx3-type", v3, `["archive", "container"]`, `"archive"`},
		{"spdx3-unknown", v3, `"name": "maker-1.0"`, `"name": "maker-1.0", "software_homePage": "https://example.test"`},
		{"spdx3-id", v3, "https://example.test/app#own", "_:own"},
		{"spdx3-id-twice", v3, "https://example.test/app#r2", "https://example.test/app#r1"},
		{"spdx3-dangling", v3, `"hasOutput", "to": [`, `"hasOutput", "to": ["https://example.test/app#gone", `},
		{"spdx3-reference", v3, `"suppliedBy": "https://example.test/app#org"`, `"suppliedBy": "https://example.test/app#tool"`},
		{"spdx3-document", v3, "\"rootElement\": [\"https://example.test/app#sbom\"],\n     \"import\"", "\"element\": [\"https://example.test/app#sbom\"],\n     \"import\""},
		{"spdx3-relationship-ends", v3, `"from": "https://example.test/app#build", "relationshipType": "hasInput"`, `"from": "https://example.test/app#file", "relationshipType": "hasInput"`},
		{"spdx3-relationship-ends", v3, `"hasOutput", "to": [`, `"hasOutput", "to": ["https://example.test/app#build", `},
		{"spdx3-relationship-ends", v3, `"hasConcludedLicense", "to": [`, `"hasConcludedLicense", "to": ["https://example.test/app#file", `},
		{"spdx3-relationship-twice", v3, `"hasInput", "to": ["https://example.test/base#image"]`, `"hasOutput", "to": ["https://example.test/app#app"]`},
		{"spdx3-date", v3, `"created": "2026-01-02T03:04:05Z"`, `"created": "2026-01-02 03:04:05"`},
		{"spdx3-checksum", v3, strings.Repeat("c", 64), strings.Repeat("c", 40)},
		{"spdx3-licence", v3, "MIT OR LicenseRef-own", "MITT OR LicenseRef-own"},
		{"spdx3-licence-ref", v3, `"key": "LicenseRef-own"`, `"key": "LicenseRef-other"`},
		{"spdx3-licence-ref", v3, `"value": "https://example.test/app#own"`, `"value": "https://example.test/app#file"`},
		{"spdx3-identifier", v3, "pkg:generic/app@1.0", "generic/app@1.0"},
		{"spdx3-unreachable", v3, `"relationshipType": "hasDistributionArtifact", "to": ["https://example.test/app#file"]`, `"relationshipType": "hasDistributionArtifact", "to": ["https://example.test/base#image"]`},

		{"cyclonedx-version", cdx, `"specVersion": "1.6"`, `"specVersion": "2.0"`},
		{"cyclonedx-version", cdx, `"version": 1,`, `"version": 0,`},
		{"cyclonedx-missing", cdx, `"name": "lib", `, ``},
		{"cyclonedx-type", cdx, `"name": "lib"`, `"name": 7`},
		{"cyclonedx-serial", cdx, "urn:uuid:3e", "urn:uuid:XX"},
		{"cyclonedx-ref-twice", cdx, `"version": 1,`, `"version": 1, "services": [{"bom-ref": "lib", "name": "s"}],`},
		{"cyclonedx-dangling", cdx, `["lib"]`, `["lib", "gone"]`},
		{"cyclonedx-dangling", cdx, `"assemblies": ["app"]`, `"assemblies": ["gone"]`},
		{"cyclonedx-date", cdx, "2026-01-02T03:04:05Z", "yesterday"},
		{"cyclonedx-checksum", cdx, strings.Repeat("c", 64), strings.Repeat("c", 32)},
		{"cyclonedx-checksum", cdx, `"SHA-256"`, `"SHA256"`},
		{"cyclonedx-licence", cdx, `"id": "GPL-2.0-only"`, `"id": "GPL"`},
		{"cyclonedx-licence", cdx, "MIT OR Apache-2.0", "MIT OR"},
		{"cyclonedx-licence", cdx, `{"license": {"name": "own"}}`, `{"expression": "MIT"}`},
		{"cyclonedx-identifier", cdx, "pkg:generic/app@1.0", "app@1.0"},
		{"cyclonedx-word", cdx, `"type": "library"`, `"type": "lib"`},
		{"cyclonedx-word", cdx, `"phase": "build"`, `"phase": "bild"`},
	}
}

// TestEachRuleIsBrokenByADocument that breaks no other.
func TestEachRuleIsBrokenByADocument(t *testing.T) {
	left := map[string]bool{}
	for _, r := range check.Rules() {
		left[r.ID] = true
		if r.Text == "" || r.Source == "" && r.ID != "format" || r.Level != check.LevelError && r.Level != check.LevelWarning {
			t.Errorf("rule %+v", r)
		}
	}
	for _, name := range []string{v2, v3, cdx} {
		if r := check.Document(sample(t, name)); len(r.Findings) > 0 {
			t.Fatalf("%s: %+v", name, r.Findings)
		}
	}
	for _, b := range breaks() {
		whole := sample(t, b.document)
		edited := bytes.ReplaceAll(whole, []byte(b.old), []byte(b.new))
		if bytes.Equal(edited, whole) {
			t.Errorf("%s: nothing to edit: %s", b.rule, b.old)
			continue
		}
		r := check.Document(edited)
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.Rule)
		}
		if diff := cmp.Diff([]string{b.rule}, got); diff != "" {
			text, _ := json.MarshalIndent(r.Findings, "", " ")
			t.Errorf("%s -> %s (-want +got):\n%s%s", b.old, b.new, diff, text)
			continue
		}
		if level := r.Findings[0].Level; r.Valid != (level == check.LevelWarning) || r.Findings[0].Count < 1 || r.Findings[0].Where[0].Message == "" {
			t.Errorf("%s: valid is %t: %+v", b.rule, r.Valid, r.Findings)
		}
		delete(left, b.rule)
	}
	for id := range left {
		t.Errorf("no document breaks %s", id)
	}
}

// TestPlacesAreJSONPointers of the values at fault.
func TestPlacesAreJSONPointers(t *testing.T) {
	b := bytes.Replace(sample(t, v2), []byte(`"SPDXRef-lib", "name"`), []byte(`"SPDXRef-l/b", "name"`), 1)
	r := check.Document(b)
	var got []string
	for _, f := range r.Findings {
		for _, w := range f.Where {
			got = append(got, f.Rule+" "+w.At)
		}
	}
	want := []string{"spdx2-id /packages/1/SPDXID", "spdx2-dangling /relationships/2/relatedSpdxElement"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestFindingsAreBounded, however often a rule is broken.
func TestFindingsAreBounded(t *testing.T) {
	one := `{"spdxElementId": "SPDXRef-gone", "relationshipType": "` + strings.Repeat("x", 5000) + `", "relatedSpdxElement": "NONE"}`
	b := bytes.Replace(sample(t, v2), []byte(`"relationships": [`), []byte(`"relationships": [`+strings.Repeat(one+",", 1000)), 1)
	r := check.Document(b)
	i := slices.IndexFunc(r.Findings, func(f check.Finding) bool { return f.Rule == "spdx2-relationship" })
	if i < 0 || r.Findings[i].Count != 1000 || len(r.Findings[i].Where) > 20 || len(r.Findings[i].Where[0].Message) > 500 {
		t.Errorf("findings %+v", r.Findings)
	}
}
