package signature

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/step"
)

// inventory is what a document says of packages and files.
type inventory struct {
	packages map[string]bool // purls
	files    []listedFile
	// parts are the sha256, in hex, of documents that have the files instead.
	parts []string
}

type listedFile struct{ name, sha256 string }

// version is a version of SPDX.
type version struct {
	predicateType string
	read          func([]byte) (inventory, error)
}

// checkDocuments verifies that one of the SPDX documents of each version, Sworn's own,
// hides nothing: with the documents that it refers to, it has every package that owns a
// file of contents/v1 and each file that no package owns, or under sbom=files each file,
// and no others. Under sbom=off there are none to verify.
func checkDocuments(p image.Platform, contents provenance.Contents, sbom string, attached []image.Attached) error {
	if sbom == step.SBOMOff {
		return nil
	}
	for _, v := range []version{{provenance.SPDXType, readSPDX}, {provenance.SPDX3Type, readSPDX3}} {
		if err := v.check(contents, sbom == step.SBOMFiles, ofType(attached, v.predicateType)); err != nil {
			return contentErrorf("statement "+v.predicateType+" of "+p.Name, "%w", err)
		}
	}
	return nil
}

// check verifies that one of the documents holds. Of several errors the first is enough:
// the document of the image comes first.
func (v version) check(contents provenance.Contents, allFiles bool, attached []image.Attached) error {
	bySum := make(map[string][]byte, len(attached))
	for _, a := range attached {
		sum := sha256.Sum256(a.Statement.Predicate)
		bySum[hex.EncodeToString(sum[:])] = a.Statement.Predicate
	}
	var first error
	for _, a := range attached {
		doc, err := v.read(a.Statement.Predicate)
		if err == nil {
			err = doc.join(v, bySum)
		}
		if err == nil {
			err = doc.check(contents, allFiles)
		}
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// join adds the files of the documents that a document refers to.
func (doc *inventory) join(v version, bySum map[string][]byte) error {
	for _, sum := range doc.parts {
		b, ok := bySum[sum]
		if !ok {
			return fmt.Errorf("it refers to a document with files that is not attached: sha256:%.100s", sum)
		}
		part, err := v.read(b)
		if err != nil {
			return err
		}
		if len(part.parts) > 0 {
			return fmt.Errorf("the document sha256:%s with files refers to others", sum)
		}
		doc.files = append(doc.files, part.files...)
	}
	return nil
}

// readSPDX reads an SPDX 2.3 document
// (https://spdx.github.io/spdx-spec/v2.3/, sections 7.21 and 8.4).
func readSPDX(b []byte) (inventory, error) {
	var doc struct {
		External []struct {
			ID       string `json:"externalDocumentId"`
			Checksum struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"checksumValue"`
			} `json:"checksum"`
		} `json:"externalDocumentRefs"`
		Packages []struct {
			References []struct {
				Type    string `json:"referenceType"`
				Locator string `json:"referenceLocator"`
			} `json:"externalRefs"`
		} `json:"packages"`
		Files []struct {
			Name      string `json:"fileName"`
			Checksums []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"checksumValue"`
			} `json:"checksums"`
		} `json:"files"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return inventory{}, err
	}
	out := inventory{packages: make(map[string]bool)}
	for _, e := range doc.External {
		if strings.HasPrefix(e.ID, partReference) {
			out.parts = append(out.parts, e.Checksum.Value)
		}
	}
	for _, p := range doc.Packages {
		for _, r := range p.References {
			if r.Type == "purl" {
				out.packages[r.Locator] = true
			}
		}
	}
	for _, f := range doc.Files {
		one := listedFile{name: strings.TrimPrefix(f.Name, ".")}
		for _, c := range f.Checksums {
			if c.Algorithm == "SHA256" {
				one.sha256 = c.Value
			}
		}
		out.files = append(out.files, one)
	}
	return out, nil
}

// readSPDX3 reads an SPDX 3.0.1 document
// (https://spdx.github.io/spdx-spec/v3.0.1/model/Software/Classes/Package/).
func readSPDX3(b []byte) (inventory, error) {
	var doc struct {
		Graph []struct {
			Type   string  `json:"type"`
			Name   string  `json:"name"`
			PURL   string  `json:"software_packageUrl"`
			Hashes []hash3 `json:"verifiedUsing"`
			Import []struct {
				ID     string  `json:"externalSpdxId"`
				Hashes []hash3 `json:"verifiedUsing"`
			} `json:"import"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return inventory{}, err
	}
	out := inventory{packages: make(map[string]bool)}
	for _, e := range doc.Graph {
		switch e.Type {
		case "software_Package":
			out.packages[e.PURL] = true
		case "software_File":
			out.files = append(out.files, listedFile{name: e.Name, sha256: sha256Of(e.Hashes)})
		case "SpdxDocument":
			for _, m := range e.Import {
				if strings.HasSuffix(m.ID, partElement) {
					out.parts = append(out.parts, sha256Of(m.Hashes))
				}
			}
		}
	}
	return out, nil
}

// What references to documents with files look like.
const (
	partReference = "DocumentRef-files-"
	partElement   = "#Files"
)

type hash3 struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"hashValue"`
}

func sha256Of(hs []hash3) string {
	for _, h := range hs {
		if h.Algorithm == "sha256" {
			return h.Value
		}
	}
	return ""
}

// check compares a document with contents/v1.
func (doc *inventory) check(contents provenance.Contents, allFiles bool) error {
	for _, purl := range contents.Packages {
		if !doc.packages[purl] {
			return fmt.Errorf("it lacks %.500q, which owns files of contents/v1", purl)
		}
	}
	want := make(map[step.Path]string)
	for _, f := range contents.Files {
		if f.Type == provenance.TypeFile && (allFiles || f.Package == nil) {
			want[f.Path] = f.Digest.String()
		}
	}
	for _, f := range doc.files {
		var path step.Path
		if err := path.UnmarshalText([]byte(f.name)); err != nil {
			return err
		}
		sum, ok := want[path]
		if !ok {
			return fmt.Errorf("it has the file %.500q, which it should not by contents/v1, or twice", f.name)
		}
		delete(want, path)
		if f.sha256 != sum {
			return fmt.Errorf("%.500q has the digest sha256:%.100s, in contents/v1 sha256:%s", f.name, f.sha256, sum)
		}
	}
	for _, f := range contents.Files {
		if _, lacks := want[f.Path]; lacks {
			return fmt.Errorf("it lacks the file %.500q", string(f.Path))
		}
	}
	return nil
}
