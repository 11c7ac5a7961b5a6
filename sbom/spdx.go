package sbom

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sworn-build/sworn/step"
)

// Image is what [EncodeDocument] describes.
type Image struct {
	Name     string // of the build's target
	Platform string // "linux/amd64"
	// Epoch is the document's creation time in seconds since 1970.
	Epoch int64
	// Tool is the creator: "sworn-0.1.0".
	Tool      string
	Installed Installed
	// Files are all entries of the image, attributed and sorted.
	Files []Held
	// Downloads are the files that packages were installed from, by purl, and Unlocated
	// counts the packages that steps with a recorded network installed from none.
	Downloads map[string]Download
	Unlocated int
	// Build is how it was made; SPDX 2.3 has no place for it.
	Build Build
	// MaxBytes is the longest document that may have files. They are left out of one that
	// would be longer with them, and it says so. 0 is no limit.
	MaxBytes int
}

// IDs and words that occur in every document.
const (
	spdxRef        = "SPDXRef-"
	spdxDocument   = spdxRef + "DOCUMENT"
	spdxImage      = spdxRef + image3
	spdxUnpackaged = spdxRef + unpackaged3
	noAssertion    = "NOASSERTION"
	contains       = "CONTAINS"

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

// EncodeDocument returns the SPDX document of an image as JSON: its packages, and
// its regular files that no package owns. The same image gives the same bytes.
func EncodeDocument(img Image) ([]byte, error) {
	files := unowned(img.Files)
	omit := img.MaxBytes > 0 && leastBytes(files) > img.MaxBytes
	b, err := encodeDocument(img, files, omit)
	if err == nil && !omit && img.MaxBytes > 0 && len(b) > img.MaxBytes {
		b, err = encodeDocument(img, files, true)
	}
	return b, err
}

func encodeDocument(img Image, files []*Held, omit bool) ([]byte, error) {
	doc, err := newDocument(img, files, omit)
	if err != nil {
		return nil, err
	}
	b, at, err := doc.encode()
	if err != nil {
		return nil, fmt.Errorf("encode SPDX document: %w", err)
	}
	h := sha256.New()
	h.Write(b[:at])
	h.Write(b[at+len(doc.Namespace):])
	copy(b[at+len(namespacePrefix):], hex.EncodeToString(h.Sum(nil)))
	return b, nil
}

// unowned returns the regular files that no package owns.
func unowned(all []Held) []*Held {
	var out []*Held
	for i := range all {
		if h := &all[i]; h.Type == TypeFile && h.Package == "" {
			out = append(out, h)
		}
	}
	return out
}

// newDocument makes the document. Its namespace has zeros in place of the digest.
func newDocument(img Image, files []*Held, omit bool) (Document, error) {
	if err := img.checkEpoch(); err != nil {
		return Document{}, err
	}
	doc := Document{
		SPDXVersion: "SPDX-2.3",
		DataLicense: "CC0-1.0",
		SPDXID:      spdxDocument,
		Name:        img.Name,
		Namespace:   namespacePrefix + strings.Repeat("0", 2*sha256.Size),
		CreationInfo: SPDXCreation{
			Comment:  creatorComment,
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
	for _, p := range img.Installed.Packages {
		sp := img.spdxPackage(p)
		doc.Packages = append(doc.Packages, sp)
		doc.relate(spdxImage, contains, sp.SPDXID)
	}
	doc.relateLinked(img.Installed)
	notes := img.notes()
	switch {
	case len(files) == 0:
	case omit:
		notes = append(notes, omitted(files))
	default:
		doc.addFiles(files)
	}
	doc.Comment = strings.Join(notes, " ")
	return doc, nil
}

func omitted(files []*Held) string {
	return fmt.Sprintf("%d files that no package owns are left out, because with them the document is larger than an attestation may be; the contents statement lists them.", len(files))
}

// checkEpoch refuses times that SPDX cannot write.
func (img Image) checkEpoch() error {
	if img.Epoch < 0 || img.Epoch > maxEpoch {
		return fmt.Errorf("make SPDX document: SOURCE_DATE_EPOCH %d is not between the years 1970 and 9999", img.Epoch)
	}
	return nil
}

func (d *Document) relate(a, kind, b string) {
	d.Relationships = append(d.Relationships, SPDXRelationship{a, kind, b})
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

// addFiles adds what no package owns, under a package of its own: the one that
// stands for the image is not analysed file by file.
func (d *Document) addFiles(files []*Held) {
	d.Packages = append(d.Packages, SPDXPackage{
		SPDXID:           spdxUnpackaged,
		Name:             unpackagedName,
		DownloadLocation: noAssertion,
		FilesAnalyzed:    true,
		VerificationCode: &SPDXVerification{verificationCode(files)},
		LicenseConcluded: noAssertion,
		LicenseDeclared:  noAssertion,
		Copyright:        noAssertion,
		Comment:          unpackagedComment,
	})
	d.relate(spdxImage, contains, spdxUnpackaged)
	d.Files = make([]SPDXFile, 0, len(files))
	d.Relationships = slices.Grow(d.Relationships, len(files))
	for _, h := range files {
		f := spdxFile(h)
		d.Files = append(d.Files, f)
		d.relate(spdxUnpackaged, contains, f.SPDXID)
	}
}

// verificationCode is section 7.9 of SPDX: SHA1 over the sorted SHA1s of the files.
func verificationCode(files []*Held) string {
	sums := make([]string, 0, len(files))
	for _, f := range files {
		sums = append(sums, f.SHA1)
	}
	slices.Sort(sums)
	code := sha1.Sum([]byte(strings.Join(sums, "")))
	return hex.EncodeToString(code[:])
}

func spdxFile(h *Held) SPDXFile {
	name, _ := h.Path.MarshalText() // never fails
	return SPDXFile{
		SPDXID:           spdxRef + fileID(h),
		Name:             "." + string(name),
		Checksums:        []SPDXChecksum{{"SHA1", h.SHA1}, {"SHA256", h.SHA256}},
		LicenseConcluded: noAssertion,
		Copyright:        noAssertion,
		Comment:          fileComment(h),
	}
}

func fileID(h *Held) string { return "File-" + shortHash(string(h.Path)) }

// fileComment says whose work a file is.
func fileComment(h *Held) string { return "written by " + h.Step }

// shortHash is unique among the names of one document for all practical purposes:
// 80 bits.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}

func packageID(p Package) string {
	return "Package-" + idString(p.Type+"-"+p.Name) + "-" + shortHash(p.PURL)
}

// spdxPackage is what a document says of an installed package.
func (img Image) spdxPackage(p Package) SPDXPackage {
	sp := SPDXPackage{
		SPDXID:           spdxRef + packageID(p),
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
	if found := img.Installed.Manifests[p.PURL]; len(found) > 0 {
		sp.SourceInfo = "found in " + listed(found)
	}
	if from, ok := img.Downloads[p.PURL]; ok {
		sp.DownloadLocation = from.URL
		sp.Checksums = []SPDXChecksum{{"SHA256", from.SHA256}}
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
