package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/sworn-build/sworn/step"
)

// Image is what [EncodeDocuments] and [EncodeDocuments3] describe.
type Image struct {
	Name     string // of the build's target
	Platform string // "linux/amd64"
	// Epoch is the documents' creation time in seconds since 1970.
	Epoch int64
	// Tool is the creator: "sworn-0.1.0". Organization is who built the image, as far as
	// somebody said so: "NAME" or "NAME <EMAIL>".
	Tool, Organization string
	// Contents is the sha256 over all entries of the image, lower-case hex.
	Contents  string
	Installed Installed
	// Files are all entries of the image, attributed and sorted.
	Files []Held
	// AllFiles: list the files of packages as well, not only those that no package owns.
	AllFiles bool
	// Downloads are the files that packages were installed from, by purl, and Unlocated
	// counts the packages that steps with a recorded network installed from none.
	Downloads map[string]Download
	Unlocated int
	// Build is how it was made; SPDX 2.3 has no place for it.
	Build Build
	// MaxBytes is the longest that a document may be. Files that would make it longer are
	// in parts. 0 is no limit.
	MaxBytes int
}

// IDs and words that occur in every document.
const (
	spdxRef        = "SPDXRef-"
	spdxDocument   = spdxRef + "DOCUMENT"
	spdxImage      = spdxRef + image3
	spdxUnpackaged = spdxRef + unpackaged3
	spdxFiles      = spdxRef + files3
	noAssertion    = "NOASSERTION"
	organization   = "Organization: "
	contains       = "CONTAINS"
	describes      = "DESCRIBES"

	unpackagedName    = "unpackaged"
	unpackagedComment = "regular files of the image that no package owns"
	// creatorComment is the generation context, as OpenChain's Telco guide writes it.
	creatorComment = "SBOM Type: Build"
)

// namespacePrefix begins every document's namespace; the sha256 of the document
// with an empty namespace follows, so that it is unique and reproducible.
const namespacePrefix = "https://github.com/sworn-build/sworn/spdx/"

// maxEpoch is the last second that a four-digit year can name, as SPDX wants.
const maxEpoch = 253402300799

// EncodeDocuments returns the SPDX 2.3 documents of an image as JSON: its packages, and
// its regular files that no package owns, or all. The same image gives the same bytes. Only
// Main can be longer than MaxBytes.
func EncodeDocuments(img Image) (Documents, error) {
	groups, err := img.groups()
	if err != nil {
		return Documents{}, fmt.Errorf("make SPDX document: %w", err)
	}
	doc, err := newDocument(img)
	if err != nil {
		return Documents{}, err
	}
	without, _, err := doc.encode()
	if err != nil {
		return Documents{}, fmt.Errorf("encode SPDX document: %w", err)
	}
	var out Documents
	if img.MaxBytes == 0 || img.spdxCosts().fits(groups, img.MaxBytes-len(without)) {
		doc.addFiles(img, groups)
	} else if out.Parts, err = doc.addParts(img, groups); err != nil {
		return Documents{}, err
	}
	out.Main, err = doc.named()
	return out, err
}

// named encodes a document and names it by its content. Its namespace has zeros in place
// of the digest before.
func (d *Document) named() ([]byte, error) {
	b, at, err := d.encode()
	if err != nil {
		return nil, fmt.Errorf("encode SPDX document: %w", err)
	}
	h := sha256.New()
	h.Write(b[:at])
	h.Write(b[at+len(d.Namespace):])
	d.Namespace = namespacePrefix + hex.EncodeToString(h.Sum(nil))
	copy(b[at:], d.Namespace)
	return b, nil
}

// emptyDocument is a document about nothing yet, without its name.
func emptyDocument(img Image) (Document, error) {
	if err := img.checkEpoch(); err != nil {
		return Document{}, err
	}
	return Document{
		SPDXVersion: "SPDX-2.3",
		DataLicense: dataLicence,
		SPDXID:      spdxDocument,
		Name:        img.Name,
		Namespace:   namespacePrefix + strings.Repeat("0", 2*sha256.Size),
		CreationInfo: SPDXCreation{
			Comment:  creatorComment,
			Creators: img.creators(),
			Created:  img.created(),
		},
	}, nil
}

// newDocument makes the document of the image, without its files.
func newDocument(img Image) (Document, error) {
	doc, err := emptyDocument(img)
	if err != nil {
		return Document{}, err
	}
	doc.Packages = []SPDXPackage{img.imagePackage()}
	doc.relate(spdxDocument, describes, spdxImage)
	for _, p := range img.Installed.Packages {
		sp := img.spdxPackage(p)
		doc.Packages = append(doc.Packages, sp)
		doc.relate(spdxImage, contains, sp.SPDXID)
	}
	doc.relateLinked(img.Installed)
	doc.addElsewhere(img)
	doc.addMaterials(img)
	doc.refer(img.Build.Base)
	for _, l := range img.Installed.Licences {
		doc.Licences = append(doc.Licences, SPDXLicence{ID: l.ID, Name: l.Name, Text: l.Text})
	}
	doc.Comment = strings.Join(img.notes(), " ")
	return doc, nil
}

// checkEpoch refuses times that SPDX cannot write.
func (img Image) checkEpoch() error {
	if img.Epoch < 0 || img.Epoch > maxEpoch {
		return fmt.Errorf("make SPDX document: SOURCE_DATE_EPOCH %d is not between the years 1970 and 9999", img.Epoch)
	}
	return nil
}

func (img Image) creators() []string {
	creators := []string{"Tool: " + img.Tool}
	if img.Organization != "" {
		creators = append(creators, img.imageSupplier())
	}
	return creators
}

// imageSupplier is who supplies the image, as far as somebody said so.
func (img Image) imageSupplier() string {
	if img.Organization == "" {
		return noAssertion
	}
	name, email := nameAndEmail(img.Organization)
	return party(organization, name, email)
}

func (img Image) created() string { return time.Unix(img.Epoch, 0).UTC().Format(time.RFC3339) }

// notes are what the document as a whole has to say.
func (img Image) notes() []string {
	var notes []string
	notes = append(notes, img.Installed.lossNotes()...)
	for _, u := range img.Installed.Unread {
		notes = append(notes, "Not read, so its packages are missing: "+u+".")
	}
	if img.Unlocated > 0 {
		notes = append(notes, fmt.Sprintf("Of the packages that were installed with a recorded network, %d match no download by name, version and architecture; they have no download location.", img.Unlocated))
	}
	return append(notes, img.Build.Base.notes(img.Installed.Broken)...)
}

func (d *Document) relate(a, kind, b string) {
	d.Relationships = append(d.Relationships, SPDXRelationship{Element: a, Type: kind, Related: b})
}

// relateLinked says which packages hold others that were linked into them. Packages are
// those of the document, behind the one that stands for the image.
func (d *Document) relateLinked(in Installed) {
	ids := make(map[string]string, len(in.Packages))
	for i, p := range in.Packages {
		ids[p.PURL] = d.Packages[i+1].SPDXID
	}
	for _, p := range in.Packages {
		for _, holder := range in.Within[p.PURL] {
			d.relate(ids[holder], contains, ids[p.PURL])
		}
	}
}

// maxListed bounds the paths that are named of a package; the others are counted.
const maxListed = 10

func listed(ps []step.Path) string {
	var out []string
	for _, p := range ps[:min(len(ps), maxListed)] {
		text, _ := p.MarshalText() // never fails
		out = append(out, string(text))
	}
	s := strings.Join(out, ", ")
	if more := len(ps) - maxListed; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
