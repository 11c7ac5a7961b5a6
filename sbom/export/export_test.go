package export_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/tagvalue"

	"github.com/sworn-build/sworn/sbom/check"
	"github.com/sworn-build/sworn/sbom/export"
)

// golden is a document as the evidence tool made it, with a file name that has a newline.
func golden(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "cmd", "sworn-evidence", "testdata", "sbom.spdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sample has what SPDX 2.3 has and Sworn's documents may not.
func sample(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "check", "testdata", "app.spdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t testing.TB, b []byte) *export.Document {
	t.Helper()
	doc, err := export.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func tagValue(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := export.TagValue(&out, read(t, b)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func cycloneDX(t testing.TB, b []byte, formulas ...cdx.Formula) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := export.CycloneDX(&out, read(t, b), formulas); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestTagValueIsReadBackEqual by the SPDX project's own library.
func TestTagValueIsReadBackEqual(t *testing.T) {
	doc, err := tagvalue.Read(bytes.NewReader(tagValue(t, golden(t))))
	if err != nil {
		t.Fatal(err)
	}
	want := read(t, golden(t))
	for _, f := range want.Files {
		f.FileName = strings.ReplaceAll(f.FileName, "\n", `\x0a`)
	}
	sameElements := cmp.Options{
		cmpopts.SortSlices(func(a, b *v2_3.Package) bool { return a.PackageSPDXIdentifier < b.PackageSPDXIdentifier }),
		cmpopts.SortSlices(func(a, b *v2_3.File) bool { return a.FileSPDXIdentifier < b.FileSPDXIdentifier }),
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(v2_3.Package{}, "IsFilesAnalyzedTagPresent", "Annotations", "IsUnpackaged"),
		cmpopts.IgnoreUnexported(v2_3.Package{}),
		cmpopts.IgnoreFields(v2_3.File{}, "Snippets"),
		cmpopts.IgnoreFields(v2_3.Document{}, "Snippets"),
	}
	if diff := cmp.Diff(want, doc, sameElements); diff != "" {
		t.Errorf("document (-written +read):\n%s", diff)
	}
}

// TestTagsCannotBeForged by values that have line breaks or the marks of a text.
func TestTagsCannotBeForged(t *testing.T) {
	b := golden(t)
	for _, edit := range [][2]string{
		{`"name":"base-files"`, `"name":"x\nPackageName: forged"`},
		{`"sourceInfo":"built`, `"sourceInfo":"a\n</text>\nPackageName: forged\nbuilt`},
		{`"licenseDeclared":"NOASSERTION"`, `"licenseDeclared":"MIT\rPackageName: forged"`},
	} {
		next := bytes.Replace(b, []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(next, b) {
			t.Fatalf("nothing to edit: %s", edit[0])
		}
		b = next
	}
	out := tagValue(t, b)
	doc, err := tagvalue.Read(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(doc.Packages), len(read(t, b).Packages); got != want || strings.Contains(string(out), "\r") {
		t.Errorf("%d packages, want %d:\n%s", got, want, out)
	}
	for _, p := range doc.Packages {
		if p.PackageName == "forged" {
			t.Error("a value made a package")
		}
	}
}

// schema is CycloneDX's own, in the folder of the module that reads and writes it.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Skipf("skipped: go list: %v", err)
	}
	c := jsonschema.NewCompiler()
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schemax.json"} {
		f, err := os.Open(filepath.Join(strings.TrimSpace(string(out)), "schema", name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+strings.Replace(name, "schemax", "schema", 1), doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func formula() cdx.Formula {
	return cdx.Formula{Workflows: &[]cdx.Workflow{{BOMRef: "build", UID: "build", TaskTypes: &[]cdx.TaskType{cdx.TaskTypeBuild}}}}
}

func TestCycloneDXIsValidByItsSchema(t *testing.T) {
	s := schema(t)
	for name, b := range map[string][]byte{"golden": golden(t), "sample": sample(t)} {
		out := cycloneDX(t, b, formula())
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if bad := bytes.Replace(out, []byte(`"type": "container"`), []byte(`"type": "box"`), 1); name == "golden" {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(bad))
			if err != nil || s.Validate(v) == nil {
				t.Errorf("the schema takes anything: %v", err)
			}
		}
		if r := check.Document(out); len(r.Findings) > 0 || r.Format != "CycloneDX-1.6" {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

// TestCycloneDXHasWhatTheDocumentHas: packages, hashes, licences, who made them, files,
// dependencies, the phase.
func TestCycloneDXHasWhatTheDocumentHas(t *testing.T) {
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(cycloneDX(t, sample(t))), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	app, lib := bom.Metadata.Component, (*bom.Components)[0]
	var got []string
	for _, c := range []cdx.Component{*app, lib} {
		line := []string{string(c.Type), c.BOMRef, c.Name, c.Version, c.PackageURL, c.CPE, c.Supplier.Name}
		for _, h := range *c.Hashes {
			line = append(line, string(h.Algorithm)+"="+h.Value[:4])
		}
		for _, l := range *c.Licenses {
			line = append(line, l.Expression, string(*l.Acknowledgement))
		}
		got = append(got, strings.Join(line, " "))
	}
	want := []string{
		"application SPDXRef-app app 1.0 pkg:generic/app@1.0  Example SHA-256=cccc MIT concluded",
		"library SPDXRef-lib lib 2 pkg:deb/debian/lib@2 cpe:2.3:a:x:lib:2:*:*:*:*:*:*:* Someone SHA-512=dddd GPL-2.0-or-later WITH Classpath-exception-2.0 declared",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
	if files := *app.Components; len(files) != 1 || files[0].Name != "/main" || files[0].Type != cdx.ComponentTypeFile || len(*files[0].Hashes) != 2 {
		t.Errorf("files %+v", files)
	}
	if d := *bom.Dependencies; len(d) != 2 || strings.Join(*d[0].Dependencies, ",") != "SPDXRef-lib" || d[1].Dependencies != nil {
		t.Errorf("dependencies %+v", d)
	}
	m := bom.Metadata
	if m.Timestamp != "2026-01-02T03:04:05Z" || (*m.Lifecycles)[0].Phase != cdx.LifecyclePhaseBuild || m.Manufacturer.Name != "Example" ||
		(*m.Manufacturer.Contact)[0].Email != "sbom@example.test" || (*m.Tools.Components)[0].Version != "1.0" {
		t.Errorf("metadata %+v", m)
	}
	if m.Supplier == nil || m.Supplier.Name != app.Supplier.Name || m.Licenses == nil || (*m.Licenses)[0].License.ID != "CC0-1.0" {
		t.Errorf("supplier %+v, licences of the document %+v", m.Supplier, m.Licenses)
	}
	unknown := cdx.CompositionAggregateUnknown
	if diff := cmp.Diff([]cdx.Composition{
		{Aggregate: unknown, Assemblies: &[]cdx.BOMReference{"SPDXRef-app"}, Dependencies: &[]cdx.BOMReference{"SPDXRef-app"}},
		{Aggregate: unknown, Dependencies: &[]cdx.BOMReference{"SPDXRef-lib"}},
	}, *bom.Compositions); diff != "" {
		t.Errorf("compositions (-want +got):\n%s", diff)
	}
	if r := *bom.ExternalReferences; len(r) != 1 || r[0].Type != cdx.ERTypeBOM || r[0].URL != "https://example.test/base" || r[0].Comment != "DocumentRef-base" || len(*r[0].Hashes) != 1 {
		t.Errorf("other documents %+v", r)
	}
	if p := *bom.Properties; p[len(p)-1].Value != "Do as you like." {
		t.Errorf("properties %+v", p)
	}
}

// TestExportsAreDeterministic, and a serial number is of one content.
func TestExportsAreDeterministic(t *testing.T) {
	if !bytes.Equal(tagValue(t, golden(t)), tagValue(t, golden(t))) || !bytes.Equal(cycloneDX(t, golden(t)), cycloneDX(t, golden(t))) {
		t.Error("two exports of one document differ")
	}
	number := func(b []byte) string {
		var doc struct{ SerialNumber string }
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		return doc.SerialNumber
	}
	if a, b := number(cycloneDX(t, golden(t))), number(cycloneDX(t, golden(t), formula())); a == b || a == "" {
		t.Errorf("serial numbers %s and %s", a, b)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{``, `[]`, `{}`, `{"spdxVersion":"SPDX-2.2","creationInfo":{}}`, `{"spdxVersion":"SPDX-2.3"}`,
		strings.Replace(string(sample(t)), `"packages": [`, `"packages": [null,`, 1), strings.Replace(string(sample(t)), `"creators": [`, `"creators": [1,`, 1),
		strings.Replace(string(sample(t)), `"relationships": [`, `"relationships": [null,`, 1)} {
		if _, err := export.Read([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "read SPDX 2.3 document: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzExports(f *testing.F) {
	f.Add(golden(f))
	f.Add(sample(f))
	f.Add([]byte(`{"spdxVersion":"SPDX-2.3","creationInfo":{"creators":["x"]},"relationships":[null],"hasExtractedLicensingInfos":[null],"packages":[{"externalRefs":[null]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := export.Read(b)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := export.CycloneDX(&out, doc, nil); err != nil {
			t.Error(err)
		}
		if r := check.Document(out.Bytes()); r.Format != "CycloneDX-1.6" {
			t.Errorf("format %q", r.Format)
		}
		_ = export.TagValue(&out, doc)
	})
}
