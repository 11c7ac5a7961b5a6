package sbom

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Image is what [EncodeDocument] describes.
type Image struct {
	Name     string // of the build's target
	Platform string // "linux/amd64"
	// Epoch is the document's creation time in seconds since 1970.
	Epoch int64
	// Tool is the creator: "sworn-0.1.0".
	Tool      string
	Inventory Inventory
	// Files are all entries of the image, attributed and sorted.
	Files []Held
	// OmitFiles leaves the files out, and says so in the document.
	OmitFiles bool
}

// IDs and words that occur in every document.
const (
	spdxDocument   = "SPDXRef-DOCUMENT"
	spdxImage      = "SPDXRef-Image"
	spdxUnpackaged = "SPDXRef-Unpackaged"
	noAssertion    = "NOASSERTION"
	contains       = "CONTAINS"
)

// namespacePrefix begins every document's namespace; the sha256 of the document
// with an empty namespace follows, so that it is unique and reproducible.
const namespacePrefix = "https://github.com/sworn-build/sworn/spdx/"

// maxEpoch is the last second that a four-digit year can name, as SPDX wants.
const maxEpoch = 253402300799

// emptyNamespace is the field as it is encoded before its value is known. No string of
// a document can hold it: their quotes are escaped.
const emptyNamespace = `"documentNamespace":""`

// EncodeDocument returns the SPDX document of an image as JSON: its packages, and
// its regular files that no package owns. The same image gives the same bytes. Those
// of an image of 100,000 files are 60 MB, so they are encoded once: the namespace is put
// in where it was left empty.
func EncodeDocument(img Image) ([]byte, error) {
	doc, err := newDocument(img)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode SPDX document: %w", err)
	}
	sum := sha256.Sum256(b)
	at := bytes.Index(b, []byte(emptyNamespace))
	if at < 0 {
		return nil, errors.New("encode SPDX document: no namespace to set")
	}
	at += len(emptyNamespace) - 1 // before its last quote
	return slices.Insert(b, at, []byte(namespacePrefix+hex.EncodeToString(sum[:]))...), nil
}

// newDocument makes the document, without a namespace.
func newDocument(img Image) (Document, error) {
	if img.Epoch < 0 || img.Epoch > maxEpoch {
		return Document{}, fmt.Errorf("make SPDX document: SOURCE_DATE_EPOCH %d is not between the years 1970 and 9999", img.Epoch)
	}
	doc := Document{
		SPDXVersion: "SPDX-2.3",
		DataLicense: "CC0-1.0",
		SPDXID:      spdxDocument,
		Name:        img.Name,
		CreationInfo: SPDXCreation{
			Creators: []string{"Tool: " + img.Tool},
			Created:  time.Unix(img.Epoch, 0).UTC().Format(time.RFC3339),
		},
		Packages: []SPDXPackage{{
			SPDXID:           spdxImage,
			Name:             img.Name,
			DownloadLocation: noAssertion,
			LicenseConcluded: noAssertion,
			LicenseDeclared:  noAssertion,
			Copyright:        noAssertion,
			Comment:          "platform " + img.Platform,
			Purpose:          "CONTAINER",
		}},
		Relationships: []SPDXRelationship{{spdxDocument, "DESCRIBES", spdxImage}},
	}
	for _, p := range img.Inventory.Packages {
		sp := spdxPackage(p)
		doc.Packages = append(doc.Packages, sp)
		doc.relate(spdxImage, contains, sp.SPDXID)
	}
	var notes []string
	for _, u := range img.Inventory.Unread {
		notes = append(notes, "Not read, so its packages are missing: "+u+".")
	}
	if note := doc.addFiles(img); note != "" {
		notes = append(notes, note)
	}
	doc.Comment = strings.Join(notes, " ")
	return doc, nil
}

func (d *Document) relate(a, kind, b string) {
	d.Relationships = append(d.Relationships, SPDXRelationship{a, kind, b})
}

// addFiles adds what no package owns, under a package of its own: the one that
// stands for the image is not analysed file by file.
func (d *Document) addFiles(img Image) (note string) {
	var files []SPDXFile
	var sums []string
	for _, h := range img.Files {
		if h.Type == TypeFile && h.Package == "" {
			files = append(files, spdxFile(h))
			sums = append(sums, h.SHA1)
		}
	}
	if len(files) == 0 {
		return ""
	}
	if img.OmitFiles {
		return fmt.Sprintf("%d files that no package owns are left out, because with them the document is larger than an attestation may be; the contents statement lists them.", len(files))
	}
	slices.Sort(sums)
	code := sha1.Sum([]byte(strings.Join(sums, "")))
	d.Packages = append(d.Packages, SPDXPackage{
		SPDXID:           spdxUnpackaged,
		Name:             "unpackaged",
		DownloadLocation: noAssertion,
		FilesAnalyzed:    true,
		VerificationCode: &SPDXVerification{hex.EncodeToString(code[:])},
		LicenseConcluded: noAssertion,
		LicenseDeclared:  noAssertion,
		Copyright:        noAssertion,
		Comment:          "regular files of the image that no package owns",
	})
	d.relate(spdxImage, contains, spdxUnpackaged)
	d.Files = files
	for _, f := range files {
		d.relate(spdxUnpackaged, contains, f.SPDXID)
	}
	return ""
}

func spdxFile(h Held) SPDXFile {
	name, _ := h.Path.MarshalText() // never fails
	return SPDXFile{
		SPDXID:           "SPDXRef-File-" + shortHash(string(h.Path)),
		Name:             "." + string(name),
		Checksums:        []SPDXChecksum{{"SHA1", h.SHA1}, {"SHA256", h.SHA256}},
		LicenseConcluded: noAssertion,
		Copyright:        noAssertion,
		Comment:          "written by " + h.Step,
	}
}

// shortHash is unique among the names of one document for all practical purposes:
// 80 bits.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}

func spdxPackage(p Package) SPDXPackage {
	sp := SPDXPackage{
		SPDXID:           "SPDXRef-Package-" + idString(p.Type+"-"+p.Name) + "-" + shortHash(p.PURL),
		Name:             p.Name,
		Version:          p.Version,
		Supplier:         supplier(p.Maintainer),
		DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion,
		LicenseDeclared:  noAssertion,
		Copyright:        noAssertion,
		ExternalRefs:     []SPDXExternalRef{{"PACKAGE-MANAGER", "purl", p.PURL}},
	}
	if strings.HasPrefix(p.Homepage, "https://") || strings.HasPrefix(p.Homepage, "http://") {
		sp.Homepage = p.Homepage
	}
	if p.Source != "" {
		sp.SourceInfo = "built from source package " + p.Source + " " + p.SourceVersion
	}
	if p.Licence != "" {
		if knownLicence(p.Licence) {
			sp.LicenseDeclared = p.Licence
		} else {
			sp.LicenseComments = "the package declares: " + p.Licence
		}
	}
	return sp
}

// idString keeps what an SPDX id may hold: letters, digits, "." and "-".
func idString(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-':
			return r
		}
		return '-'
	}, s)
}

// supplier makes an SPDX supplier of a maintainer field. Whether a name is a
// person's is not in the field: mailing lists and team names are organizations.
func supplier(maintainer string) string {
	maintainer = strings.Join(strings.Fields(maintainer), " ")
	if maintainer == "" {
		return noAssertion
	}
	name, email := maintainer, ""
	if i := strings.LastIndex(maintainer, " <"); i > 0 && strings.HasSuffix(maintainer, ">") {
		name, email = strings.Trim(maintainer[:i], `"`), maintainer[i+2:len(maintainer)-1]
	}
	kind := "Person: "
	for _, word := range []string{"team", "maintainers", "developers", "group", "project", "packagers", "lists.", "@packages.", "@tracker."} {
		if strings.Contains(strings.ToLower(name+" "+email), word) {
			kind = "Organization: "
		}
	}
	if email != "" {
		return kind + name + " (" + email + ")"
	}
	return kind + name
}
