package sbom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spdx/tools-golang/spdx/v3/v3_0"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/check"
	"github.com/sworn-build/sworn/sbom/schematest"
	"github.com/sworn-build/sworn/step"
)

// built is an image with all that a document of SPDX 3 can say.
func built() sbom.Image {
	img := image()
	img.Installed.Within = map[string][]string{img.Installed.Packages[0].PURL: {img.Installed.Packages[1].PURL}}
	img.Downloads = map[string]sbom.Download{img.Installed.Packages[1].PURL: {URL: "http://m.test/libc6_2.36-9_amd64.deb", SHA256: strings.Repeat("e", 64)}}
	sum := strings.Repeat("1", 64)
	text := sbom.ExtractedLicence{ID: "LicenseRef-own-" + strings.Repeat("0", 20), Name: "own", Text: "Do as you like.\n"}
	img.Installed.Licences = []sbom.ExtractedLicence{text}
	musl, libc := &img.Installed.Packages[0], &img.Installed.Packages[1]
	musl.Declared, musl.Concluded, musl.Originator = "MIT", "MIT AND "+text.ID, "Rich Felker <dalias@libc.org>"
	img.Organization, img.Contents = "Example Sons <sbom@example.test>", strings.Repeat("c", 64)
	img.Installed.By = map[string]string{musl.PURL: "source1", libc.PURL: "step1"}
	img.Installed.Changed = map[string][]step.Path{musl.PURL: {"/lib/ld.so\xff"}}
	gcc := sbom.Package{PURL: "pkg:deb/debian/gcc@12", Type: "deb", Name: "gcc", Version: "12", Declared: "LicenseRef-not-known AND MIT"}
	img.Installed.Removed = []sbom.Removed{
		{Package: gcc, By: "step1", RemovedBy: "step2"},
		{Package: sbom.Package{PURL: "pkg:npm/gone@1", Type: "npm", Name: "gone", Version: "1"}, By: "source3", RemovedBy: "step2"},
	}
	img.Installed.Tools = []sbom.ToolPackage{
		{Package: *musl, Steps: []string{"step2"}, Relation: sbom.BuildDependencyOf},
		{Package: sbom.Package{
			PURL: "pkg:generic/go@1", Type: "generic", Name: "go", Version: "1", Originator: "Organization: The Go Authors", CPEs: []string{"cpe:2.3:a:golang:go:1:-:*:*:*:*:*:*", "cpe:2.3:a:golang:go:1:*:*:*:*:*:*:*"},
		}, Steps: []string{"step2"}, Relation: sbom.BuildToolOf},
		{Package: sbom.Package{PURL: "pkg:deb/debian/make@4", Type: "deb", Name: "make", Version: "4"}, Steps: []string{"step1", "step2"}, Relation: sbom.BuildToolOf},
	}
	img.Build = sbom.Build{
		Image: "step2", Base: &sbom.Base{
			ID: "source1", Packages: 3, Changed: map[string][]step.Path{musl.PURL: {"/etc/musl.conf"}},
			Carried: step.Carried{Documents: []step.Document{
				{PredicateType: "https://spdx.dev/Document", Namespace: "https://d.test/base", Digest: map[string]string{"sha256": strings.Repeat("3", 64)}, Statement: map[string]string{"sha256": strings.Repeat("4", 64)}},
				{PredicateType: step.SPDX3Type, Namespace: "https://d.test/base3#Document", Digest: map[string]string{"sha256": strings.Repeat("5", 64)}, Statement: map[string]string{"sha256": strings.Repeat("6", 64)}},
			}},
			Removed: []sbom.RemovedFromBase{
				{Package: sbom.Package{PURL: "pkg:deb/debian/libc6@2.36-8?arch=amd64", Type: "deb", Name: "libc6", Version: "2.36-8"}, By: "step1", Replaced: libc.PURL},
				{Package: sbom.Package{PURL: "pkg:deb/debian/vim@9", Type: "deb", Name: "vim", Version: "9"}, By: "step1"},
			},
		},
		Materials: []sbom.Material{
			{ID: "source1", Kind: "image", URI: "pkg:docker/debian@12", Digest: map[string]string{"sha256": sum}, Platform: "linux/amd64"},
			{ID: "source2", Kind: "git", URI: "git+https://g.test/r.git#main", Digest: map[string]string{"gitCommit": strings.Repeat("2", 40)}},
			{ID: "source3", Kind: "local", URI: "local:context", Digest: map[string]string{"sha256": sum}},
			{ID: "source4", Kind: "http", URI: "https://h.test/f", Digest: map[string]string{}},
			{ID: "download1", Kind: "download", URI: "http://m.test/libc6_2.36-9_amd64.deb", Digest: map[string]string{"sha256": strings.Repeat("e", 64)}},
		},
		Steps: []sbom.Step{
			{
				ID: "step1", Kind: "exec", Name: "RUN \x1b[2J <&>\u2028", Inputs: []string{"source1", "download1"}, Digest: sum, Added: 2, Removed: 1,
				Parameters:  []sbom.Parameter{{Key: "command", Value: `["/bin/sh","-c","apt-get install libc6"]`}},
				Environment: []sbom.Parameter{{Key: "PATH", Value: "/bin"}, {Key: "EMPTY"}},
				Read:        []string{img.Installed.Packages[0].PURL, "pkg:deb/debian/nowhere@1"},
			},
			{ID: "step2", Kind: "file", Name: "COPY", Inputs: []string{"step1", "source3"}},
		},
	}
	return img
}

func document3(t testing.TB, img sbom.Image) []byte {
	t.Helper()
	docs, err := sbom.EncodeDocuments3(img)
	if err != nil || len(docs.Parts) > 0 {
		t.Fatalf("%d parts, %v", len(docs.Parts), err)
	}
	return docs.Main
}

// TestSPDX3IsReadBySPDXTools reads the document with the SPDX project's own library: every
// field of every element is what was written.
func TestSPDX3IsReadBySPDXTools(t *testing.T) {
	docs := split(t, sbom.EncodeDocuments3)
	for _, b := range append([][]byte{document3(t, built()), docs.Main}, docs.Parts...) {
		checkRead3(t, b)
	}
}

func checkRead3(t *testing.T, b []byte) {
	t.Helper()
	var doc v3_0.Document
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(false); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			// The library asks its own NoAssertionLicense and NoAssertionElement who created them.
			if !regexp.MustCompile(`<Individual(LicensingInfo|Element)> \.CreationInfo: required$`).MatchString(line) {
				t.Error(line)
			}
		}
	}
	got := map[string]any{doc.ID: readElement(reflect.ValueOf(&doc.SpdxDocument))}
	for _, e := range doc.Elements {
		got[e.GetID()] = readElement(reflect.ValueOf(e))
	}
	if len(got) != len(doc.Elements)+1 {
		t.Errorf("%d ids of %d elements", len(got), len(doc.Elements)+1)
	}
	delete(got[doc.ID].(map[string]any), "element") // what the reader itself collects
	if diff := cmp.Diff(writtenElements(t, b), got); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	if ci := doc.CreationInfo.(*v3_0.CreationInfo); ci.SpecVersion != "3.0.1" || ci.Created.Unix() != 1700000000 || ci.Comment != "SBOM Type: Build" {
		t.Errorf("created %+v", ci)
	}
}

// writtenElements are the elements of a document by id, with the names of fields as the
// vocabulary has them.
func writtenElements(t *testing.T, b []byte) map[string]any {
	var doc struct {
		Graph []map[string]any `json:"@graph"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	for _, e := range doc.Graph[1:] {
		out[e["spdxId"].(string)] = plainNames(e)
	}
	return out
}

func plainNames(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plainNames(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for k, field := range v {
			_, name, profiled := strings.Cut(k, "_")
			if !profiled {
				name = k
			}
			out[name] = plainNames(field)
		}
		if class, ok := out["type"].(string); ok {
			out["type"] = class[strings.Index(class, "_")+1:]
		}
		return out
	}
	return v
}

// readElement makes a map of what the library has read.
func readElement(v reflect.Value) map[string]any {
	v = v.Elem()
	out := map[string]any{}
	for i := range v.NumField() {
		iri := v.Type().Field(i).Tag.Get("iri")
		f := v.Field(i)
		switch {
		case v.Type().Field(i).Name == "_":
			out["type"] = path.Base(iri)
		case f.IsZero():
		case iri == "@id" && !strings.HasPrefix(f.String(), "_:"):
			out["spdxId"] = f.String()
		case iri == "@id":
		default:
			out[path.Base(iri)] = readValue(f)
		}
	}
	if _, ok := out["creationInfo"].(map[string]any); ok {
		out["creationInfo"] = "_:creationInfo" // all have the one
	}
	return out
}

func readValue(v reflect.Value) any {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Slice:
		out := []any{}
		for i := range v.Len() {
			out = append(out, readValue(v.Index(i)))
		}
		return out
	case reflect.Pointer:
		if e, ok := v.Interface().(v3_0.AnyElement); ok {
			return e.GetID()
		}
		return readElement(v)
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return at.Format(time.RFC3339)
		}
		return path.Base(v.FieldByName("id").String()) // of an enumeration
	}
	return v.String()
}

func TestSPDX3IsValidByItsSchema(t *testing.T) {
	schema := schematest.SPDX3(t, "..")
	golden, err := os.ReadFile(filepath.Join("..", "cmd", "sworn-evidence", "testdata", "sbom.spdx3.json"))
	if err != nil {
		t.Fatal(err)
	}
	small := image()
	small.Installed, small.Files = sbom.Installed{}, nil
	parts := split(t, sbom.EncodeDocuments3)
	for name, b := range map[string][]byte{
		"built": document3(t, built()), "empty": document3(t, small), "golden": golden, "split": parts.Main, "part": parts.Parts[0],
	} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		broken := bytes.Replace(b, []byte(`"relationshipType":"`), []byte(`"relationshipType":"has inside and `), 1)
		if v, err = jsonschema.UnmarshalJSON(bytes.NewReader(broken)); err != nil || schema.Validate(v) == nil {
			t.Errorf("%s: the schema takes a relationship that it does not know, %v", name, err)
		}
	}
}

// TestSPDX3LeadsNowhereUnknown: every id that is named is that of an element.
func TestSPDX3LeadsNowhereUnknown(t *testing.T) {
	b := document3(t, built())
	elements := writtenElements(t, b)
	for _, m := range regexp.MustCompile(`"(https://github\.com/sworn-build/sworn/spdx/[^"]*)"`).FindAllSubmatch(b, -1) {
		if elements[string(m[1])] == nil {
			t.Errorf("%s is no element", m[1])
		}
	}
}

func TestSPDX3StepsLeadFromMaterialsToTheImage(t *testing.T) {
	links := map[string][]string{}
	for _, e := range writtenElements(t, document3(t, built())) {
		if e := e.(map[string]any); e["type"] == "Relationship" {
			for _, to := range e["to"].([]any) {
				from := local(e["from"]) + " " + e["relationshipType"].(string)
				links[from] = append(links[from], local(to))
				slices.Sort(links[from])
			}
		}
	}
	for from, want := range map[string][]string{
		"Build ancestorOf":                          {"Build-step1", "Build-step2"},
		"Build hasOutput":                           {"Image"},
		"Build usesTool":                            {"Tool"},
		"Build-step1 hasInput":                      {"Material-download1", "Material-source1"},
		"Build-step2 hasInput":                      {"Material-source3", "Output-step1", "Package-apk-musl"},
		"Build-step1 hasOutput":                     {"Output-step1", "Package-deb-gcc", "Package-deb-libc6"},
		"Build-step2 hasOutput":                     {"File", "Image", "Output-step2"},
		"Build-step1 usesTool":                      {"Package-apk-musl", "Package-deb-make"},
		"Build-step2 usesTool":                      {"Package-deb-make", "Package-generic-go"},
		"Build-step1 other":                         {"Package-deb-libc6", "Package-deb-vim"},
		"Material-source1 hasMetadata":              {"Document-base-1", "Document-base-2"},
		"Material-source3 contains":                 {"Package-npm-gone"},
		"Build-step2 other":                         {"Package-deb-gcc", "Package-npm-gone"},
		"Package-deb-libc6 hasDistributionArtifact": {"Material-download1"},
		"Image descendantOf":                        {"Material-source1"},
		"Material-source1 contains":                 {"Package-apk-musl", "Package-deb-libc6", "Package-deb-vim"},
	} {
		if d := cmp.Diff(want, links[from]); d != "" {
			t.Errorf("%s (-want +got):\n%s", from, d)
		}
	}
}

// TestDocumentsHoldToOurOwnRules: validator and writer were made apart.
func TestDocumentsHoldToOurOwnRules(t *testing.T) {
	v2, v3 := split(t, sbom.EncodeDocuments), split(t, sbom.EncodeDocuments3)
	docs := [][]byte{document(t, image()), document(t, built()), document(t, many()), document3(t, image()), document3(t, built()), v2.Main, v3.Main}
	for _, b := range slices.Concat(docs, v2.Parts, v3.Parts) {
		r := check.Document(b)
		if !r.Valid || len(r.Findings) > 0 {
			t.Errorf("%s %s: %+v", r.Format, r.Name, r.Findings)
		}
	}
}

// TestOnlyWhatABuildCannotKnowIsMissing: of what guidelines ask for, docs/sbom.md has the
// reason for each element that documents lack.
func TestOnlyWhatABuildCannotKnowIsMissing(t *testing.T) {
	img := built()
	img.Organization, img.Tool = "Example <sbom@example.test>", "sworn-1.0"
	img.Installed.Packages = append(img.Installed.Packages, sbom.Package{PURL: "pkg:nuget/x@1", Type: "nuget", Name: "x", Version: "1"})
	lacking := map[string]bool{}
	for _, b := range [][]byte{document(t, img), document3(t, img)} {
		for _, table := range check.Document(b).Minimum {
			for _, r := range table.Rows {
				if !r.Pass {
					lacking[table.Name+" "+r.Element] = true
				}
			}
		}
	}
	want := []string{
		"bsi archive property", "bsi component creator, by email or URL", "bsi distribution licences", "bsi executable property", "bsi filename",
		"bsi hash of the deployable component (SHA-512)", "bsi other unique identifiers", "bsi structured property",
		"cisa component hash", "cisa license", "cisa software identifiers", "cisa software producer",
		"ntia other unique identifiers", "ntia supplier name",
		"telco package hash: checksum or verification code", "telco package supplier", "telco purl",
	}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(lacking))); d != "" {
		t.Errorf("elements that documents lack (-want +got):\n%s", d)
	}
}

// local is an id without namespace and digest.
func local(id any) string {
	_, s, _ := strings.Cut(id.(string), "#")
	return regexp.MustCompile(`-[0-9a-f]{20}$`).ReplaceAllString(s, "")
}

func TestSPDX3IsNamedByItsContent(t *testing.T) {
	a := document3(t, built())
	if !bytes.Equal(a, document3(t, built())) {
		t.Error("two documents of one image differ")
	}
	other := built()
	other.Epoch++
	namespace := func(b []byte) string {
		return string(regexp.MustCompile(`https://github\.com/sworn-build/sworn/spdx/[0-9a-f]{64}`).Find(b))
	}
	name := namespace(a)
	if name == namespace(document3(t, other)) {
		t.Error("two images have one namespace")
	}
	prefix := name[:len(name)-64]
	sum := sha256.Sum256(bytes.ReplaceAll(a, []byte(name), []byte(prefix+strings.Repeat("0", 64))))
	if want := prefix + hex.EncodeToString(sum[:]); name != want {
		t.Errorf("namespace %s, want %s", name, want)
	}
	// What looks like the namespace, or like its mark, is left as it is.
	other.Name = prefix + strings.Repeat("0", 64) + "#\x00"
	if b := document3(t, other); !bytes.Contains(b, []byte(strings.Repeat("0", 64)+`#\u0000"`)) {
		t.Error("a name was taken for the namespace")
	}
}
