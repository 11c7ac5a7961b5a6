package sbom

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/step/canon"
)

// addFiles adds files below their owners. Those of no package are below a package of their
// own: the one that stands for the image is not analysed file by file.
func (d *Document) addFiles(img Image, groups []fileGroup) {
	index := make(map[string]int, len(d.Packages))
	for i, p := range d.Packages {
		index[p.SPDXID] = i
	}
	n := 0
	for _, g := range groups {
		n += len(g.files)
	}
	d.Files = make([]SPDXFile, 0, n)
	d.Relationships = slices.Grow(d.Relationships, n)
	for i := range groups {
		g := &groups[i]
		id := spdxRef + g.ownerID()
		if g.owner == nil {
			index[id] = len(d.Packages)
			d.Packages = append(d.Packages, img.unpackaged())
			d.relate(spdxImage, contains, id)
		}
		p := &d.Packages[index[id]]
		p.FilesAnalyzed, p.VerificationCode = true, &SPDXVerification{verificationCode(g.files)}
		d.hold(g)
	}
}

// hold adds the files of a package that the document has.
func (d *Document) hold(g *fileGroup) {
	id := spdxRef + g.ownerID()
	for _, h := range g.files {
		f := spdxFile(h)
		d.Files = append(d.Files, f)
		d.relate(id, contains, f.SPDXID)
	}
}

// addParts refers to the files in documents of their own, which it returns.
func (d *Document) addParts(img Image, groups []fileGroup) ([][]byte, error) {
	empty, err := newPart(img, maxParts, nil)
	if err != nil {
		return nil, err
	}
	b, _, err := empty.encode()
	if err != nil {
		return nil, fmt.Errorf("encode SPDX document: %w", err)
	}
	var out [][]byte
	for i, part := range img.spdxCosts().partition(groups, img.MaxBytes-len(b)) {
		doc, err := newPart(img, i+1, part)
		if err != nil {
			return nil, err
		}
		b, err := doc.named()
		if err != nil {
			return nil, err
		}
		if len(b) > img.MaxBytes {
			panic("a part is longer than was reckoned")
		}
		ref := "DocumentRef-files-" + strconv.Itoa(i+1)
		sum := sha256.Sum256(b)
		d.External = append(d.External, SPDXExternalDocument{ID: ref, Document: doc.Namespace, Checksum: SPDXChecksum{"SHA256", hex.EncodeToString(sum[:])}})
		d.relate(spdxImage, contains, ref+":"+spdxFiles)
		out = append(out, b)
	}
	return out, nil
}

// maxParts is a number of parts that no image has.
const maxParts = 1 << 30

// newPart makes the n-th document with files of an image, from 1.
func newPart(img Image, n int, groups []fileGroup) (Document, error) {
	doc, err := emptyDocument(img)
	if err != nil {
		return Document{}, err
	}
	doc.Name = partName(img, n)
	doc.Packages = []SPDXPackage{img.ownPackage(spdxFiles, doc.Name, partComment)}
	doc.relate(spdxDocument, describes, spdxFiles)
	for i := range groups {
		g := &groups[i]
		p := img.partOwner(g)
		doc.Packages = append(doc.Packages, p)
		doc.relate(spdxFiles, contains, p.SPDXID)
		doc.hold(g)
	}
	return doc, nil
}

func partName(img Image, n int) string { return img.Name + ", files " + strconv.Itoa(n) }

const partComment = "files that would make the document of the image longer than an attestation may be; that document refers to this one"

// partOwner is a package as a document that has but its files names it.
func (img Image) partOwner(g *fileGroup) SPDXPackage {
	p := img.unpackaged()
	if g.owner != nil {
		p = SPDXPackage{
			SPDXID:           spdxRef + packageID(*g.owner),
			Name:             g.owner.Name,
			Version:          g.owner.Version,
			DownloadLocation: noAssertion,
			LicenseConcluded: noAssertion,
			LicenseDeclared:  noAssertion,
			Copyright:        noAssertion,
			ExternalRefs:     purlRef(g.owner.PURL),
		}
	}
	p.FilesAnalyzed, p.VerificationCode = true, &SPDXVerification{verificationCode(g.files)}
	if c := g.comment(); c != "" {
		p.Comment = c
	}
	return p
}

func (img Image) unpackaged() SPDXPackage {
	return img.ownPackage(spdxUnpackaged, unpackagedName, unpackagedComment)
}

// spdxCosts are the costs of SPDX 2.3.
func (img Image) spdxCosts() costs {
	buf := make([]byte, 0, 4<<10)
	comma := len(",")
	return costs{
		owner: func(g *fileGroup) int {
			p := img.partOwner(&fileGroup{owner: g.owner, of: g.of})
			b, _ := json.Marshal(p) // no value that can fail
			const relation = 256    // to it, without its id
			return len(b) + len(p.SPDXID) + comma + relation
		},
		file: func(g *fileGroup, h *Held) int {
			w := canon.NewWriter(buf)
			f := spdxFile(h)
			spdxFileForm(w, &f)
			relationshipForm(w, &SPDXRelationship{Element: spdxRef + g.ownerID(), Type: contains, Related: f.SPDXID})
			b, _ := w.Bytes() // no value that can fail
			buf = b[:0]
			return len(b) + 2*comma
		},
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

// fileComment says whose work a file is, and where its bytes came to be.
func fileComment(h *Held) string {
	s := "written by " + h.Step
	o := h.Origin
	if o.Class == "" {
		return s
	}
	s += "; origin: " + o.Class
	if o.Of != "" {
		s += " (" + o.Of + ")"
	}
	if o.From != "" {
		s += " of " + o.From
	}
	if o.Path != "" {
		path, _ := o.Path.MarshalText() // never fails
		s += " at " + string(path)
	}
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	return s
}

// shortHash is unique among the names of one document for all practical purposes:
// 80 bits.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:10])
}
