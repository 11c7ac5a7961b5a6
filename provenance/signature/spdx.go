package signature

import (
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
}

type listedFile struct{ name, sha256 string }

// checkDocuments verifies that one of the SPDX documents of each version, Sworn's own,
// hides nothing: it has every package that owns a file of contents/v1, and, unless it
// leaves files out as too many, each file that no package owns and no others.
func checkDocuments(p image.Platform, contents provenance.Contents, attached []image.Attached) error {
	for _, version := range []struct {
		predicateType string
		read          func([]byte) (inventory, error)
	}{{provenance.SPDXType, readSPDX}, {provenance.SPDX3Type, readSPDX3}} {
		var errs []error
		for _, a := range ofType(attached, version.predicateType) {
			doc, err := version.read(a.Statement.Predicate)
			if err == nil {
				err = doc.check(contents)
			}
			if err == nil {
				errs = nil
				break
			}
			errs = append(errs, err)
		}
		if len(errs) > 0 {
			// The first is enough: mostly it is the only one.
			return contentErrorf("statement "+version.predicateType+" of "+p.Name, "%w", errs[0])
		}
	}
	return nil
}

// readSPDX reads an SPDX 2.3 document
// (https://spdx.github.io/spdx-spec/v2.3/, sections 7.21 and 8.4).
func readSPDX(b []byte) (inventory, error) {
	var doc struct {
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
			Type   string `json:"type"`
			Name   string `json:"name"`
			PURL   string `json:"software_packageUrl"`
			Hashes []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"hashValue"`
			} `json:"verifiedUsing"`
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
			one := listedFile{name: e.Name}
			for _, h := range e.Hashes {
				if h.Algorithm == "sha256" {
					one.sha256 = h.Value
				}
			}
			out.files = append(out.files, one)
		}
	}
	return out, nil
}

// check compares a document with contents/v1.
func (doc *inventory) check(contents provenance.Contents) error {
	for _, purl := range contents.Packages {
		if !doc.packages[purl] {
			return fmt.Errorf("it lacks %.500q, which owns files of contents/v1", purl)
		}
	}
	if len(doc.files) == 0 {
		return nil
	}
	unowned := make(map[step.Path]string)
	for _, f := range contents.Files {
		if f.Type == provenance.TypeFile && f.Package == nil {
			unowned[f.Path] = f.Digest.String()
		}
	}
	for _, f := range doc.files {
		var path step.Path
		if err := path.UnmarshalText([]byte(f.name)); err != nil {
			return err
		}
		want, ok := unowned[path]
		if !ok {
			return fmt.Errorf("it has the file %.500q, which contents/v1 does not have without a package", f.name)
		}
		delete(unowned, path)
		if f.sha256 != want {
			return fmt.Errorf("%.500q has the digest sha256:%.100s, in contents/v1 sha256:%s", f.name, f.sha256, want)
		}
	}
	for _, f := range contents.Files {
		if _, lacks := unowned[f.Path]; lacks {
			return fmt.Errorf("it lacks the file %.500q, which no package owns", string(f.Path))
		}
	}
	return nil
}
