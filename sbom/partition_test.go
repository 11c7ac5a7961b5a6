package sbom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdxlib"
	"github.com/spdx/tools-golang/utils"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// many is an image with files enough for several documents.
func many() sbom.Image {
	img := built()
	img.AllFiles, img.Build.Base.Carried = true, step.Carried{None: "none of its attestations is an SPDX document"}
	purls := []string{img.Installed.Packages[0].PURL, img.Installed.Packages[1].PURL, ""}
	img.Files = nil
	for i := range 300 {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		img.Files = append(img.Files, sbom.Held{
			Entry: sbom.Entry{
				Path: step.Path(fmt.Sprintf("/f/%03d\xff", i)), Type: sbom.TypeFile, Mode: "0644", Package: purls[i%5/2],
				SHA256: hex.EncodeToString(sum[:]), SHA1: hex.EncodeToString(sum[:20]),
			},
			Step: "step2",
		})
	}
	return img
}

// split are the documents of many, in parts of at most 48 KiB.
func split(t *testing.T, encode func(sbom.Image) (sbom.Documents, error)) sbom.Documents {
	t.Helper()
	img := many()
	img.MaxBytes = 48 << 10
	docs, err := encode(img)
	if err != nil {
		t.Fatal(err)
	}
	if len(docs.Parts) < 4 {
		t.Fatalf("%d parts", len(docs.Parts))
	}
	for _, b := range append(slices.Clone(docs.Parts), docs.Main) {
		if len(b) > img.MaxBytes {
			t.Errorf("a document of %d bytes", len(b))
		}
	}
	again, err := encode(img)
	if err != nil || !cmp.Equal(docs, again) {
		t.Errorf("documents of one image differ, %v", err)
	}
	return docs
}

// wantFiles are the digests of all files by name.
func wantFiles(t *testing.T) map[string]string {
	out := map[string]string{}
	for _, h := range many().Files {
		name, err := h.Path.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		out[string(name)] = h.SHA256 + " of " + h.Package
	}
	return out
}

func TestPartsHaveAllFilesByTheirOwners(t *testing.T) {
	docs := split(t, sbom.EncodeDocuments)
	var main sbom.Document
	if err := json.Unmarshal(docs.Main, &main); err != nil {
		t.Fatal(err)
	}
	if len(main.Files) > 0 || len(main.External) != len(docs.Parts) {
		t.Errorf("%d files, %d references to %d parts", len(main.Files), len(main.External), len(docs.Parts))
	}
	got := map[string]string{}
	for i, b := range docs.Parts {
		var part sbom.Document
		if err := json.Unmarshal(b, &part); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		ref := main.External[i]
		if ref.Document != part.Namespace || ref.Checksum != (sbom.SPDXChecksum{Algorithm: "SHA256", Value: hex.EncodeToString(sum[:])}) {
			t.Errorf("part %d is referred to as %+v", i, ref)
		}
		if !slices.Contains(main.Relationships, sbom.SPDXRelationship{Element: "SPDXRef-Image", Type: "CONTAINS", Related: ref.ID + ":SPDXRef-Files"}) {
			t.Errorf("the image does not contain %s", ref.ID)
		}
		checkRead(t, b)
		owners := map[string]string{}
		for _, p := range part.Packages {
			for _, r := range p.ExternalRefs {
				owners[p.SPDXID] = r.Locator
			}
		}
		files := map[string]sbom.SPDXFile{}
		for _, f := range part.Files {
			files[f.SPDXID] = f
		}
		for _, r := range part.Relationships {
			if f, ok := files[r.Related]; ok && r.Type == "CONTAINS" {
				got[strings.TrimPrefix(f.Name, ".")] = f.Checksums[1].Value + " of " + owners[r.Element]
			}
		}
	}
	if diff := cmp.Diff(wantFiles(t), got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	checkRead(t, docs.Main)
}

// checkRead reads a document with the SPDX project's own library, and checks the
// verification codes of packages.
func checkRead(t *testing.T, b []byte) {
	t.Helper()
	doc, err := spdxjson.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	// An id of another document is none that the library's check looks for there.
	if err := spdxlib.ValidateDocument(doc); err != nil && err.Error() != "Files used in relationship but no such package exists" {
		t.Error(err)
	}
	files := map[common.ElementID]*spdx.File{}
	for _, f := range doc.Files {
		files[f.FileSPDXIdentifier] = f
	}
	for _, p := range doc.Packages {
		var own []*spdx.File
		for _, r := range doc.Relationships {
			if f, ok := files[r.RefB.ElementRefID]; ok && r.RefA.ElementRefID == p.PackageSPDXIdentifier {
				own = append(own, f)
			}
		}
		if (len(own) > 0) != p.FilesAnalyzed {
			t.Errorf("%s: %d files, analyzed: %t", p.PackageName, len(own), p.FilesAnalyzed)
		}
		if len(own) == 0 {
			if p.PackageVerificationCode != nil {
				t.Errorf("%s has no files and a verification code", p.PackageName)
			}
			continue
		}
		code, err := utils.GetVerificationCode(own, "")
		if err != nil || code.Value != p.PackageVerificationCode.Value {
			t.Errorf("%s: verification code %+v, want %s, %v", p.PackageName, p.PackageVerificationCode, code, err)
		}
	}
}

func TestPartsOfSPDX3HaveAllFilesByTheirOwners(t *testing.T) {
	docs := split(t, sbom.EncodeDocuments3)
	main := writtenElements(t, docs.Main)
	var imports []any
	var documents []string
	for id, e := range main {
		e := e.(map[string]any)
		switch {
		case e["type"] == "SpdxDocument":
			imports = e["import"].([]any)
		case e["type"] == "File":
			t.Errorf("%s is in the document of the image", id)
		case e["type"] == "Relationship" && e["relationshipType"] == "hasMetadata":
			for _, to := range e["to"].([]any) {
				documents = append(documents, to.(string))
			}
		}
	}
	got := map[string]string{}
	for i, b := range docs.Parts {
		sum := sha256.Sum256(b)
		m := imports[i].(map[string]any)
		root := m["externalSpdxId"].(string)
		if h := m["verifiedUsing"].([]any)[0].(map[string]any)["hashValue"]; h != hex.EncodeToString(sum[:]) || m["locationHint"] != step.SPDX3Part(i+1) {
			t.Errorf("part %d is referred to as %v", i, m)
		}
		part := writtenElements(t, b)
		if part[root] == nil || m["definingArtifact"] != documents[i] {
			t.Errorf("%s is not in part %d, or the image does not lead there", root, i)
		}
		for _, e := range part {
			e := e.(map[string]any)
			if e["type"] != "Relationship" || e["relationshipType"] != "contains" {
				continue
			}
			owner, _ := part[e["from"].(string)].(map[string]any)["packageUrl"].(string)
			for _, to := range e["to"].([]any) {
				if f := part[to.(string)].(map[string]any); f["type"] == "File" {
					got[f["name"].(string)] = f["verifiedUsing"].([]any)[0].(map[string]any)["hashValue"].(string) + " of " + owner
				}
			}
		}
	}
	if diff := cmp.Diff(wantFiles(t), got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestAllFilesAreBelowTheirPackages(t *testing.T) {
	img := many()
	b := document(t, img)
	checkRead(t, b)
	var doc sbom.Document
	if err := json.Unmarshal(b, &doc); err != nil || len(doc.Files) != len(img.Files) {
		t.Errorf("%d files, want %d, %v", len(doc.Files), len(img.Files), err)
	}
	img.AllFiles = false
	checkRead(t, document(t, img))
	img.AllFiles = true
	img.Installed.Packages = img.Installed.Packages[1:]
	if _, err := sbom.EncodeDocuments(img); err == nil || !strings.Contains(err.Error(), "which is not installed") {
		t.Errorf("a file of a package that is not installed: %v", err)
	}
}
