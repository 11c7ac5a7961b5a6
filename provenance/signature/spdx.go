package signature

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/step"
)

// inventory is what an SPDX 2.3 document says of packages and files
// (https://spdx.github.io/spdx-spec/v2.3/, sections 7.21 and 8.4).
type inventory struct {
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

// checkSPDX verifies that one of the SPDX documents, Sworn's own, hides nothing: it
// has every package that owns a file of contents/v1, and, unless it leaves files out
// as too many, each file that no package owns and no others.
func checkSPDX(p image.Platform, contents provenance.Contents, attached []image.Attached) error {
	var errs []error
	for _, a := range ofType(attached, provenance.SPDXType) {
		var doc inventory
		err := json.Unmarshal(a.Statement.Predicate, &doc)
		if err == nil {
			err = doc.checkPackages(contents)
		}
		if err == nil {
			err = doc.checkFiles(contents)
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	// The first is enough: mostly it is the only one.
	return contentErrorf("statement "+provenance.SPDXType+" of "+p.Name, "%w", errs[0])
}

func (doc *inventory) checkPackages(contents provenance.Contents) error {
	have := make(map[string]bool)
	for _, p := range doc.Packages {
		for _, r := range p.References {
			if r.Type == "purl" {
				have[r.Locator] = true
			}
		}
	}
	for _, purl := range contents.Packages {
		if !have[purl] {
			return fmt.Errorf("it lacks %.500q, which owns files of contents/v1", purl)
		}
	}
	return nil
}

func (doc *inventory) checkFiles(contents provenance.Contents) error {
	if len(doc.Files) == 0 {
		return nil
	}
	unowned := make(map[step.Path]string)
	for _, f := range contents.Files {
		if f.Type == provenance.TypeFile && f.Package == nil {
			unowned[f.Path] = f.Digest.String()
		}
	}
	for _, f := range doc.Files {
		var path step.Path
		if err := path.UnmarshalText([]byte(strings.TrimPrefix(f.Name, "."))); err != nil {
			return err
		}
		want, ok := unowned[path]
		if !ok {
			return fmt.Errorf("it has the file %.500q, which contents/v1 does not have without a package", f.Name)
		}
		delete(unowned, path)
		for _, c := range f.Checksums {
			if c.Algorithm == "SHA256" && c.Value != want {
				return fmt.Errorf("%.500q has the digest sha256:%.100s, in contents/v1 sha256:%s", f.Name, c.Value, want)
			}
		}
	}
	for _, f := range contents.Files {
		if _, lacks := unowned[f.Path]; lacks {
			return fmt.Errorf("it lacks the file %.500q, which no package owns", string(f.Path))
		}
	}
	return nil
}
