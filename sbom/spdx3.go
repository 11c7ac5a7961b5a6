package sbom

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ids of elements, and classes and words of SPDX 3.0.1, that come more than once.
const (
	image3      = "Image"
	unpackaged3 = "Unpackaged"
	tool3       = "Tool"
	agent3      = "Creator"
	build3      = "Build"
	package3    = "software_Package"

	complete3    = "complete"
	incomplete3  = "incomplete"
	noLicence3   = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
	dataLicence  = "CC0-1.0"
	buildTypes   = "https://github.com/sworn-build/sworn/steps/v1#"
	context3     = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
	creationHead = `{"@context":"` + context3 + `","@graph":[`
	graphFoot    = `]}`
)

// EncodeDocument3 returns the SPDX 3.0.1 document of an image as JSON-LD: what the SPDX 2.3
// document has, and how the image was built. The same image gives the same bytes. In a
// compact JSON form of the document with 64 zeros wherever the digest in its namespace
// stands, that digest is the sha256.
func EncodeDocument3(img Image) ([]byte, error) {
	files := unowned(img.Files)
	w, err := newDocument3(img, files, false)
	if err == nil && img.MaxBytes > 0 && len(files) > 0 && w.length()+len(creationHead)+len(graphFoot) > img.MaxBytes {
		w, err = newDocument3(img, files, true)
	}
	if err != nil {
		return nil, err
	}
	return w.document(creationHead, graphFoot), nil
}

// newDocument3 writes the elements of a document.
func newDocument3(img Image, files []*Held, omit bool) (*elementWriter, error) {
	if err := img.checkEpoch(); err != nil {
		return nil, err
	}
	w := newElementWriter(documentBytes + file3Bytes*len(files))
	notes := img.notes()
	if omit {
		notes = append(notes, omitted(files))
		files = nil
	}
	d := &document3{elementWriter: w, img: img, purls: map[string]string{}}
	d.creation(notes)
	d.packages(files)
	d.licences()
	d.agents()
	d.build()
	d.files(files)
	return w, nil
}

// file3Bytes is about how many bytes a file takes.
const file3Bytes = 1 << 10

// document3 writes the parts of one document.
type document3 struct {
	*elementWriter
	img   Image
	purls map[string]string // ids of packages by purl
}

// creation writes who made the document, and what it is about.
func (d *document3) creation(notes []string) {
	d.elements++ // this is none, but stands before the others
	d.f.Literal(`{"type":"CreationInfo","@id":"_:creationInfo"`)
	d.text("specVersion", "3.0.1")
	d.text("created", time.Unix(d.img.Epoch, 0).UTC().Format(time.RFC3339))
	d.refs("createdBy", []string{agent3})
	d.refs("createdUsing", []string{tool3})
	d.text("comment", creatorComment)
	d.f.Literal("}")

	d.begin("SpdxDocument", "Document")
	d.text("name", d.img.Name)
	d.text("comment", strings.Join(notes, " "))
	d.ref("dataLicense", licence3(dataLicence))
	d.texts("profileConformance", "core", "software", "build", "simpleLicensing")
	d.refs("rootElement", []string{"Sbom"})
	d.end()

	d.begin("software_Sbom", "Sbom")
	d.text("name", d.img.Name)
	d.texts("software_sbomType", "build")
	d.refs("rootElement", []string{image3})
	d.end()

	for _, e := range [][2]string{{"SoftwareAgent", agent3}, {"Tool", tool3}} {
		d.begin(e[0], e[1])
		d.text("name", d.img.Tool)
		d.end()
	}
}

// packages writes the image and what is installed in it.
func (d *document3) packages(files []*Held) {
	d.begin(package3, image3)
	d.text("name", d.img.Name)
	d.text("comment", "platform "+d.img.Platform)
	d.text("software_primaryPurpose", "container")
	d.end()
	in := d.img.Installed
	holds := make([]string, 0, len(in.Packages)+1)
	for _, p := range in.Packages {
		id := packageID(p)
		d.purls[p.PURL] = id
		holds = append(holds, id)
		d.pack(p)
	}
	if len(files) > 0 {
		d.begin(package3, unpackaged3)
		d.text("name", unpackagedName)
		d.text("comment", unpackagedComment)
		d.end()
		holds = append(holds, unpackaged3)
	}
	completeness := complete3
	if len(in.Unread) > 0 {
		completeness = incomplete3
	}
	d.relate(image3, "contains", completeness, holds...)
	linked := map[string][]string{}
	for _, p := range in.Packages {
		for _, holder := range in.Within[p.PURL] {
			linked[holder] = append(linked[holder], d.purls[p.PURL])
		}
	}
	for _, p := range in.Packages {
		d.relate(d.purls[p.PURL], "hasStaticLink", complete3, linked[p.PURL]...)
	}
}

func (d *document3) pack(p Package) {
	s := d.img.spdxPackage(p)
	d.begin(package3, packageID(p))
	d.text("name", p.Name)
	d.text("comment", s.LicenseComments)
	if from, ok := d.img.Downloads[p.PURL]; ok {
		d.hashes(hash3{algorithm: "sha256", value: from.SHA256, comment: "of the file at software_downloadLocation"})
		d.text("software_downloadLocation", from.URL)
	}
	d.identifiers("packageUrl", p.PURL)
	d.ref("suppliedBy", party3(s.Supplier))
	d.text("software_copyrightText", noAssertion)
	d.text("software_packageVersion", p.Version)
	d.text("software_packageUrl", p.PURL)
	d.text("software_homePage", s.Homepage)
	d.text("software_sourceInfo", s.SourceInfo)
	d.end()
}

// licences writes each expression once, and which packages have it.
func (d *document3) licences() {
	texts := []string{dataLicence}
	for _, p := range d.img.Installed.Packages {
		s := d.img.spdxPackage(p)
		texts = append(texts, s.LicenseDeclared, s.LicenseConcluded)
	}
	slices.Sort(texts)
	for _, text := range slices.Compact(texts) {
		if text == noAssertion {
			continue
		}
		d.begin("simplelicensing_LicenseExpression", licence3(text))
		d.text("simplelicensing_licenseExpression", text)
		d.end()
	}
	for _, p := range d.img.Installed.Packages {
		s := d.img.spdxPackage(p)
		d.relate(packageID(p), "hasDeclaredLicense", "", licence3(s.LicenseDeclared))
		d.relate(packageID(p), "hasConcludedLicense", "", licence3(s.LicenseConcluded))
	}
}

func licence3(expression string) string {
	if expression == noAssertion {
		return noLicence3
	}
	return "License-" + shortHash(expression)
}

// agents writes who supplies packages, each once.
func (d *document3) agents() {
	var all []string
	for _, p := range d.img.Installed.Packages {
		all = append(all, d.img.spdxPackage(p).Supplier)
	}
	slices.Sort(all)
	for _, who := range slices.Compact(all) {
		class, name, ok := strings.Cut(who, ": ")
		if !ok {
			continue
		}
		email := ""
		if i := strings.LastIndex(name, " ("); i > 0 && strings.HasSuffix(name, ")") {
			name, email = name[:i], name[i+2:len(name)-1]
		}
		d.begin(class, party3(who))
		d.text("name", name)
		if email != "" {
			d.identifiers("email", email)
		}
		d.end()
	}
}

// party3 is the id of who an SPDX 2.3 field names; empty of NOASSERTION.
func party3(who string) string {
	if who == noAssertion {
		return ""
	}
	return "Agent-" + shortHash(who)
}

// files writes the files that no package owns, and whose work they are.
func (d *document3) files(files []*Held) {
	by := map[string][]string{}
	ids := make([]string, 0, len(files))
	for _, h := range files {
		id := fileID(h)
		name, _ := h.Path.MarshalText() // never fails
		d.begin("software_File", id)
		d.text("name", string(name))
		d.text("comment", fileComment(h))
		d.hashes(hash3{algorithm: "sha256", value: h.SHA256}, hash3{algorithm: "sha1", value: h.SHA1})
		d.text("software_copyrightText", noAssertion)
		d.end()
		ids = append(ids, id)
		by[h.Step] = append(by[h.Step], id)
	}
	d.relate(unpackaged3, "contains", complete3, ids...)
	for _, s := range d.img.Build.Steps {
		d.relate(stepID(s.ID), "hasOutput", "", by[s.ID]...)
	}
	for _, m := range d.img.Build.Materials {
		d.relate(materialID(m.ID), "contains", "", by[m.ID]...)
	}
}

// notes are what the document as a whole has to say.
func (img Image) notes() []string {
	var notes []string
	for _, u := range img.Installed.Unread {
		notes = append(notes, "Not read, so its packages are missing: "+u+".")
	}
	if img.Unlocated > 0 {
		notes = append(notes, fmt.Sprintf("Of the packages that were installed with a recorded network, %d match no download by name, version and architecture; they have no download location.", img.Unlocated))
	}
	return notes
}
