package sbom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdxlib"

	"github.com/sworn-build/sworn/sbom"
)

func image() sbom.Image {
	return sbom.Image{
		Name: "image", Platform: "linux/amd64", Epoch: 1700000000, Tool: "sworn-test",
		Installed: sbom.Installed{Inventory: sbom.Inventory{
			Packages: []sbom.Package{
				{PURL: "pkg:apk/alpine/musl@1.2.5-r0", Type: "apk", Name: "musl", Version: "1.2.5-r0", Licence: "MIT", Source: "musl", SourceVersion: "1.2.5-r0", Maintainer: "Timo Teräs <timo.teras@iki.fi>", Homepage: "https://musl.libc.org/"},
				{PURL: "pkg:deb/debian/libc6@2.36-9?arch=amd64", Type: "deb", Name: "libc6", Version: "2.36-9", Licence: "GPL AND custom", Maintainer: "GNU Libc Maintainers <debian-glibc@lists.debian.org>", Homepage: "no url"},
			},
			Unread: []string{"rpm database /var/lib/rpm"},
		}},
		Files: []sbom.Held{
			{Entry: sbom.Entry{Path: "/app", Type: "dir", Mode: "0755"}, Step: "step1"},
			{Entry: sbom.Entry{Path: "/app/\xffodd\n", Type: "file", Mode: "0644", SHA1: strings.Repeat("a", 40), SHA256: strings.Repeat("b", 64)}, Step: "step2"},
			{Entry: sbom.Entry{Path: "/bin/owned", Type: "file", Mode: "0644", SHA1: strings.Repeat("c", 40), SHA256: strings.Repeat("d", 64), Package: "pkg:x"}, Step: "source1"},
		},
	}
}

func document(t *testing.T, img sbom.Image) []byte {
	t.Helper()
	docs, err := sbom.EncodeDocuments(img)
	if err != nil || len(docs.Parts) > 0 {
		t.Fatalf("%d parts, %v", len(docs.Parts), err)
	}
	return docs.Main
}

// TestDocumentIsReadBySPDXTools reads the document with the SPDX project's own
// library.
func TestDocumentIsReadBySPDXTools(t *testing.T) {
	doc, err := spdxjson.Read(bytes.NewReader(document(t, image())))
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range doc.Packages {
		line := p.PackageName + " " + p.PackageVersion + " " + p.PackageLicenseDeclared + " " + p.PackageLicenseComments + " " + p.PackageHomePage
		if s := p.PackageSupplier; s != nil {
			line += " " + s.SupplierType + "=" + s.Supplier
		}
		for _, r := range p.PackageExternalReferences {
			line += " " + r.RefType + "=" + r.Locator
		}
		got = append(got, line)
	}
	want := []string{
		"image  NOASSERTION   =NOASSERTION",
		"musl 1.2.5-r0 MIT  https://musl.libc.org/ Person=Timo Teräs (timo.teras@iki.fi) purl=pkg:apk/alpine/musl@1.2.5-r0",
		"libc6 2.36-9 NOASSERTION the package declares: GPL AND custom  Organization=GNU Libc Maintainers (debian-glibc@lists.debian.org) purl=pkg:deb/debian/libc6@2.36-9?arch=amd64",
		"unpackaged  NOASSERTION   =NOASSERTION",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if len(doc.Files) != 1 || doc.Files[0].FileName != "./app/\\xffodd\n" || len(doc.Files[0].Checksums) != 2 {
		t.Fatalf("files %+v", doc.Files)
	}
	ids := describes(t, doc)
	if diff := cmp.Diff(map[string]int{"DESCRIBES": 1, "CONTAINS": 4}, ids); diff != "" {
		t.Errorf("relationships (-want +got):\n%s", diff)
	}
	if doc.CreationInfo.Created != "2023-11-14T22:13:20Z" || doc.DocumentComment != "Not read, so its packages are missing: rpm database /var/lib/rpm." {
		t.Errorf("created %s, comment %s", doc.CreationInfo.Created, doc.DocumentComment)
	}
}

// describes counts relationships and checks that both ends exist.
func describes(t *testing.T, doc *spdx.Document) map[string]int {
	known := map[string]bool{"DOCUMENT": true}
	for _, p := range doc.Packages {
		known[string(p.PackageSPDXIdentifier)] = true
	}
	for _, f := range doc.Files {
		known[string(f.FileSPDXIdentifier)] = true
	}
	out := map[string]int{}
	for _, r := range doc.Relationships {
		if !known[string(r.RefA.ElementRefID)] || !known[string(r.RefB.ElementRefID)] {
			t.Errorf("relationship of something unknown: %+v", r)
		}
		out[r.Relationship]++
	}
	return out
}

func TestDocumentIsDeterministicAndNamedByItsContent(t *testing.T) {
	a, b := document(t, image()), document(t, image())
	if !bytes.Equal(a, b) {
		t.Error("two documents of one image differ")
	}
	other := image()
	other.Epoch++
	namespace := func(doc []byte) string {
		var d sbom.Document
		if err := json.Unmarshal(doc, &d); err != nil {
			t.Fatal(err)
		}
		return d.Namespace
	}
	if namespace(a) == namespace(document(t, other)) {
		t.Error("two images have one namespace")
	}
	// The name is the digest of the same document without it.
	name := namespace(a)
	sum := sha256.Sum256(bytes.Replace(a, []byte(name), nil, 1))
	if !strings.HasSuffix(name, "/"+hex.EncodeToString(sum[:])) {
		t.Errorf("namespace %s is not that of the document", name)
	}
}

// TestNamesCannotTakeTheNamespacesPlace: the field is found in the encoded document.
func TestNamesCannotTakeTheNamespacesPlace(t *testing.T) {
	img := image()
	img.Name = `","documentNamespace":"","x":"`
	var d sbom.Document
	if err := json.Unmarshal(document(t, img), &d); err != nil {
		t.Fatal(err)
	}
	if d.Name != img.Name || !strings.HasPrefix(d.Namespace, "https://github.com/sworn-build/sworn/spdx/") {
		t.Errorf("name %q, namespace %q", d.Name, d.Namespace)
	}
}

func TestDocumentRefusesTimesThatSPDXCannotWrite(t *testing.T) {
	for _, epoch := range []int64{-1, 253402300800} {
		img := image()
		img.Epoch = epoch
		if _, err := sbom.EncodeDocuments(img); err == nil || !strings.Contains(err.Error(), "is not between the years 1970 and 9999") {
			t.Errorf("%d: got %v", epoch, err)
		}
	}
}

func TestPackagesSayWhatTheyWereInstalledFrom(t *testing.T) {
	img := image()
	purl := img.Installed.Packages[1].PURL
	img.Downloads = map[string]sbom.Download{purl: {URL: "http://m.test/libc6_2.36-9_amd64.deb", SHA256: strings.Repeat("e", 64)}}
	img.Unlocated = 3
	doc, err := spdxjson.Read(bytes.NewReader(document(t, img)))
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(doc); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range doc.Packages {
		for _, c := range p.PackageChecksums {
			got = append(got, p.PackageName+" "+p.PackageDownloadLocation+" "+string(c.Algorithm)+" "+c.Value)
		}
	}
	want := []string{"libc6 http://m.test/libc6_2.36-9_amd64.deb SHA256 " + strings.Repeat("e", 64)}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !strings.Contains(doc.DocumentComment, "3 match no download") {
		t.Errorf("comment %q", doc.DocumentComment)
	}
}

// TestPackagesOfABaseThatCannotBeReadAreNotCounted as all that it has.
func TestPackagesOfABaseThatCannotBeReadAreNotCounted(t *testing.T) {
	for by, want := range map[string]string{
		"source1": "Of its 3 packages that are known, steps removed 1,",
		"step1":   "Of its 3 packages, steps removed 1,",
	} {
		img := built()
		img.Installed.Broken = []sbom.BrokenDatabase{{Database: sbom.Database{Path: "/var/lib/dpkg/status", Type: "deb", Reason: "read dpkg status: line 1 is no field"}, By: by}}
		doc, err := spdxjson.Read(bytes.NewReader(document(t, img)))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(doc.DocumentComment, want) {
			t.Errorf("broken by %s: no %q in %q", by, want, doc.DocumentComment)
		}
	}
}

// TestDocumentSaysWhatTheBuildKnows: whose work packages are, what the image was made from,
// and which packages it was made with and has not.
func TestDocumentSaysWhatTheBuildKnows(t *testing.T) {
	img := built()
	img.Files[2].Package = img.Installed.Packages[0].PURL
	img.Files[1].Origin = sbom.Origin{Class: sbom.OriginStage, From: "step1", Of: sbom.OriginStep, Path: "/out\xff"}
	doc, err := spdxjson.Read(bytes.NewReader(document(t, img)))
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]*spdx.Package{}
	name := map[common.ElementID]string{"DOCUMENT": "document"}
	for _, p := range doc.Packages {
		packages[p.PackageName] = p
		name[p.PackageSPDXIdentifier] = p.PackageName
	}
	musl := packages["musl"]
	got := []string{
		musl.PackageOriginator.OriginatorType + ": " + musl.PackageOriginator.Originator, musl.PackageLicenseDeclared,
		musl.PackageLicenseConcluded, musl.PackageComment, packages["gcc"].PackageLicenseDeclared, packages["gcc"].PackageComment,
		packages["image"].PackageSupplier.Supplier, packages["image"].PackageVersion, doc.OtherLicenses[0].ExtractedText,
		packages["git+https://g.test/r.git#main"].PackageDownloadLocation, doc.Files[0].FileComment,
	}
	for _, e := range doc.ExternalDocumentReferences {
		got = append(got, string(e.DocumentRefID)+" "+e.URI+" "+string(e.Checksum.Algorithm)+" "+e.Checksum.Value[:1])
	}
	got = append(got, doc.DocumentComment)
	for _, c := range doc.CreationInfo.Creators {
		got = append(got, c.CreatorType+": "+c.Creator)
	}
	want := []string{
		"Person: Rich Felker (dalias@libc.org)", "MIT",
		"MIT AND LicenseRef-own-00000000000000000000", `brought by source1; missing, or not as the package came with them: /lib/ld.so\xff; written or removed by steps after the base: /etc/musl.conf`, "NOASSERTION", "not in the image",
		"Example Sons (sbom@example.test)", "sha256:" + strings.Repeat("c", 64), "Do as you like.\n",
		"git+https://g.test/r.git@" + strings.Repeat("2", 40), `written by step2; origin: stage (step) of step1 at /out\xff`,
		"base-1 https://d.test/base SHA256 3", "base-2 https://d.test/base3 SHA256 5",
		"Not read, so its packages are missing: rpm database /var/lib/rpm. The base image source1 carries SPDX documents, to which this one refers. Of its 3 packages, steps removed 1, replaced 1 by other versions, and changed files of 1.",
		"Tool: sworn-test", "Organization: Example Sons (sbom@example.test)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var relations []string
	for _, r := range doc.Relationships {
		if r.Relationship != "CONTAINS" {
			to := name[r.RefB.ElementRefID]
			if r.RefB.DocumentRefID != "" {
				to = string(r.RefB.DocumentRefID) + ":" + string(r.RefB.ElementRefID)
			}
			relations = append(relations, name[r.RefA.ElementRefID]+" "+r.Relationship+" "+to+" "+r.RelationshipComment)
		}
	}
	wantRelations := []string{
		"document DESCRIBES image ",
		"gcc OTHER image installed by step1, removed by step2",
		"gone OTHER image installed by source3, removed by step2",
		"musl BUILD_DEPENDENCY_OF image files of it were read by step2",
		"go BUILD_TOOL_OF image files of it were read by step2",
		"make BUILD_TOOL_OF image files of it were read by step1, step2",
		"libc6 CONTAINED_BY pkg:docker/debian@12 replaced by pkg:deb/debian/libc6@2.36-9?arch=amd64 by step1",
		"vim CONTAINED_BY pkg:docker/debian@12 removed by step1",
		"image DESCENDANT_OF pkg:docker/debian@12 ",
		"image GENERATED_FROM git+https://g.test/r.git#main ",
		"image GENERATED_FROM local:context ",
		"image GENERATED_FROM https://h.test/f ",
		"pkg:docker/debian@12 DESCRIBED_BY base-1:DOCUMENT of type https://spdx.dev/Document, in the statement sha256:" + strings.Repeat("4", 64) + " that is attached to the base",
		"pkg:docker/debian@12 DESCRIBED_BY base-2:DOCUMENT of type https://spdx.dev/Document/v3, in the statement sha256:" + strings.Repeat("6", 64) + " that is attached to the base",
	}
	if diff := cmp.Diff(wantRelations, relations); diff != "" {
		t.Errorf("relationships (-want +got):\n%s", diff)
	}
}
