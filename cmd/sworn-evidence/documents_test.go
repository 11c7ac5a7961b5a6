package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// documentsOf are the documents of a build by name, without their last newline, and the
// numbers of regular files that no package owns, and of all.
func documentsOf(t *testing.T, a assembled) (docs map[string][]byte, unowned, all int) {
	t.Helper()
	out, err := statements(a.plan, func(p step.Place) ([]byte, error) { return a.evidence[p], nil })
	if err != nil {
		t.Fatal(err)
	}
	docs = map[string][]byte{}
	for _, f := range out {
		if f.name == step.ContentsFile {
			contents, err := provenance.DecodeContents(f.data)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range contents.Files {
				if file.Type == provenance.TypeFile {
					all++
					if file.Package == nil {
						unowned++
					}
				}
			}
		}
		if strings.HasPrefix(f.name, "sbom") {
			docs[f.name] = bytes.TrimSuffix(f.data, []byte("\n"))
		}
		if len(f.data) > provenance.MaxPredicate {
			t.Errorf("%s: %d bytes", f.name, len(f.data))
		}
	}
	return docs, unowned, all
}

func TestSBOMOptionSaysWhichFilesAreListed(t *testing.T) {
	for _, option := range []string{"", step.SBOMPackages, step.SBOMFiles, step.SBOMOff} {
		a := wide(t, 1, 100)
		a.plan.Options = map[string]string{step.OptionSBOM: option}
		docs, want, all := documentsOf(t, a)
		if option == step.SBOMFiles {
			want = all
		}
		if option == step.SBOMOff {
			if len(docs) > 0 {
				t.Errorf("%d documents", len(docs))
			}
			continue
		}
		if len(docs) != 2 {
			t.Errorf("%q: %d documents", option, len(docs))
		}
		var doc sbom.Document
		if err := json.Unmarshal(docs[step.SPDXFile], &doc); err != nil || len(doc.Files) != want {
			t.Errorf("%q: %d files, want %d, %v", option, len(doc.Files), want, err)
		}
		if n := bytes.Count(docs[step.SPDX3File], []byte(`"type":"software_File"`)); n != want {
			t.Errorf("%q: %d files in SPDX 3, want %d", option, n, want)
		}
	}
}

// TestFilesThatAreTooManyAreInDocumentsOfTheirOwn: with real limits, none is left out.
func TestFilesThatAreTooManyAreInDocumentsOfTheirOwn(t *testing.T) {
	docs, want, _ := documentsOf(t, wide(t, 1, 100000))
	var main sbom.Document
	if err := json.Unmarshal(docs[step.SPDXFile], &main); err != nil {
		t.Fatal(err)
	}
	var digests, referred []string
	files := 0
	for i := 1; docs[step.SPDXPart(i)] != nil; i++ {
		b := docs[step.SPDXPart(i)]
		sum := sha256.Sum256(b)
		digests = append(digests, hex.EncodeToString(sum[:]))
		files += bytes.Count(b, []byte(`{"SPDXID":"SPDXRef-File-`))
	}
	for _, e := range main.External {
		referred = append(referred, e.Checksum.Value)
	}
	if d := cmp.Diff(digests, referred); d != "" || len(digests) < 2 {
		t.Errorf("%d documents, referred to as (-want +got):\n%s", len(digests), d)
	}
	if files != want {
		t.Errorf("%d files, want %d", files, want)
	}
	files = 0
	var names []string
	for name, b := range docs {
		if strings.HasSuffix(name, ".spdx3.json") {
			names = append(names, name)
			files += bytes.Count(b, []byte(`"type":"software_File"`))
		}
	}
	slices.Sort(names)
	if files != want || len(names) < 3 || !slices.Contains(names, step.SPDX3Part(2)) {
		t.Errorf("%d files in %q, want %d", files, names, want)
	}
}
