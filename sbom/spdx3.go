package sbom

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/step"
	"github.com/sworn-build/sworn/step/canon"
)

// Ids of elements, and classes and words of SPDX 3.0.1, that come more than once.
const (
	image3      = "Image"
	unpackaged3 = "Unpackaged"
	files3      = "Files"
	tool3       = "Tool"
	agent3      = "Creator"
	build3      = "Build"
	package3    = "software_Package"

	complete3   = "complete"
	incomplete3 = "incomplete"
	noElement3  = "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertionElement"
	noLicence3  = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
	dataLicence = "CC0-1.0"
	buildTypes  = "https://github.com/sworn-build/sworn/steps/v1#"
	context3    = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
	graphHead   = `{"@context":"` + context3 + `","@graph":[`
	graphFoot   = `]}`
)

// EncodeDocuments3 returns the SPDX 3.0.1 documents of an image as JSON-LD: what the SPDX
// 2.3 documents have, and how the image was built. The same image gives the same bytes. In
// a compact JSON form of a document with 64 zeros wherever the digest in its namespace
// stands, that digest is the sha256. Only Main can be longer than MaxBytes.
func EncodeDocuments3(img Image) (Documents, error) {
	groups, err := img.groups()
	if err == nil {
		err = img.checkEpoch()
	}
	if err != nil {
		return Documents{}, fmt.Errorf("make SPDX 3 document: %w", err)
	}
	const frame = len(graphHead) + len(graphFoot)
	if img.MaxBytes == 0 || img.spdx3Costs().fits(groups, img.MaxBytes) {
		main := newDocument3(img, groups, nil)
		if img.MaxBytes == 0 || main.length()+frame <= img.MaxBytes {
			b, _ := main.document(graphHead, graphFoot)
			return Documents{Main: b}, nil
		}
	}
	var out Documents
	var imports []externalMap
	room := img.MaxBytes - frame - newPart3(img, maxParts, nil).length()
	for i, part := range img.spdx3Costs().partition(groups, room) {
		b, namespace := newPart3(img, i+1, part).document(graphHead, graphFoot)
		if len(b) > img.MaxBytes {
			panic("a part is longer than was reckoned")
		}
		sum := sha256.Sum256(b)
		imports = append(imports, externalMap{id: namespace + files3, by: partID(i + 1), file: step.SPDX3Part(i + 1), sha256: hex.EncodeToString(sum[:])})
		out.Parts = append(out.Parts, b)
	}
	out.Main, _ = newDocument3(img, nil, imports).document(graphHead, graphFoot)
	return out, nil
}

// document3 writes the parts of one document.
type document3 struct {
	*elementWriter
	img   Image
	purls map[string]string // ids of packages by purl
	// others are the packages that are not in the image.
	others []Package
}

// newDocument3 writes the elements of the document of an image: with its files, or
// references to the documents that have them.
func newDocument3(img Image, groups []fileGroup, imports []externalMap) *elementWriter {
	d := &document3{elementWriter: newElementWriter(documentBytes), img: img, purls: map[string]string{}}
	d.creation(creation3{
		name: img.Name, comment: strings.Join(img.notes(), " "), root: image3, imports: slices.Concat(imports, img.Build.Base.imports()),
		profiles: []string{"core", "software", "build", "simpleLicensing"},
	})
	d.licence(dataLicence)
	d.packages(len(groups) > 0 && groups[len(groups)-1].owner == nil)
	d.parts(imports)
	d.elsewhere()
	d.licences()
	d.agents()
	d.build()
	d.files(groups)
	return d.elementWriter
}

// newPart3 writes the n-th document with files of an image, from 1.
func newPart3(img Image, n int, groups []fileGroup) *elementWriter {
	d := &document3{elementWriter: newElementWriter(documentBytes), img: img}
	name := partName(img, n)
	d.creation(creation3{name: name, comment: partComment, root: files3, profiles: []string{"core", "software", "simpleLicensing"}})
	d.licence(dataLicence)
	d.begin(package3, files3)
	d.text("name", name)
	d.end()
	var owners []string
	for i := range groups {
		owners = append(owners, d.partOwner(&groups[i]))
	}
	d.relate(files3, "contains", complete3, owners...)
	d.files(groups)
	return d.elementWriter
}

// partOwner writes a package as a document that has but its files names it, and returns
// its id.
func (d *document3) partOwner(g *fileGroup) string {
	if g.owner == nil {
		p := d.img.unpackaged()
		p.Comment = cmp.Or(g.comment(), p.Comment)
		d.own(p)
		return unpackaged3
	}
	d.begin(package3, packageID(*g.owner))
	d.text("name", g.owner.Name)
	d.text("comment", g.comment())
	d.text("software_packageVersion", g.owner.Version)
	d.text("software_packageUrl", g.owner.PURL)
	d.end()
	return packageID(*g.owner)
}

// parts writes the documents with files as metadata of the image.
func (d *document3) parts(imports []externalMap) {
	var ids []string
	for _, m := range imports {
		d.begin(package3, m.by)
		d.text("name", m.file)
		d.text("comment", partComment)
		d.hashes(hash3{algorithm: "sha256", value: m.sha256, comment: "of the predicate as its statement has it"})
		d.text("software_primaryPurpose", "bom")
		d.end()
		ids = append(ids, m.by)
	}
	d.relate(image3, "hasMetadata", complete3, ids...)
}

func partID(n int) string { return "Document-files-" + strconv.Itoa(n) }

// creation3 is what a document says of itself.
type creation3 struct {
	name, comment string
	root          string // what it is about
	profiles      []string
	imports       []externalMap
}

// creation writes who made the document, and what it is about.
func (d *document3) creation(c creation3) {
	d.elements++ // this is none, but stands before the others
	d.f.Literal(`{"type":"CreationInfo","@id":"_:creationInfo"`)
	d.text("specVersion", "3.0.1")
	d.text("created", d.img.created())
	d.refs("createdBy", []string{agent3})
	d.refs("createdUsing", []string{tool3})
	d.text("comment", creatorComment)
	d.f.Literal("}")

	d.begin("SpdxDocument", "Document")
	d.text("name", c.name)
	d.text("comment", c.comment)
	d.ref("dataLicense", licence3(dataLicence))
	d.texts("profileConformance", c.profiles...)
	d.imports(c.imports)
	d.refs("rootElement", []string{"Sbom"})
	d.end()

	d.begin("software_Sbom", "Sbom")
	d.text("name", c.name)
	d.texts("software_sbomType", "build")
	d.refs("rootElement", []string{c.root})
	d.end()

	if d.img.Organization != "" {
		d.agent(agent3, d.img.imageSupplier())
	} else {
		d.agent(agent3, "SoftwareAgent: "+d.img.Tool)
	}
	d.begin("Tool", tool3)
	d.text("name", d.img.Tool)
	d.end()
}

// packages writes the image and what is installed in it. With unowned there is a package of
// the files that no other owns.
func (d *document3) packages(unowned bool) {
	d.own(d.img.imagePackage())
	in := d.img.Installed
	holds := make([]string, 0, len(in.Packages)+1)
	for _, p := range in.Packages {
		id := packageID(p)
		d.purls[p.PURL] = id
		holds = append(holds, id)
		d.pack(p, "")
	}
	if unowned {
		d.own(d.img.unpackaged())
		holds = append(holds, unpackaged3)
	}
	completeness := complete3
	if len(in.Unread)+len(in.Broken)+len(in.Lost) > 0 {
		completeness = incomplete3
	}
	d.relate(image3, "contains", completeness, holds...)
	if unowned {
		d.relate(unpackaged3, "dependsOn", "noAssertion", noElement3)
	}
	linked, held := map[string][]string{}, map[string][]string{}
	for _, p := range in.Packages {
		within := held
		if p.Type == typeGo || p.Type == typeCargo {
			within = linked
		}
		for _, holder := range in.Within[p.PURL] {
			within[holder] = append(within[holder], d.purls[p.PURL])
		}
	}
	for _, p := range in.Packages {
		id := d.purls[p.PURL]
		d.relate(id, "hasStaticLink", "", linked[p.PURL]...)
		d.relate(id, "contains", "", held[p.PURL]...)
		d.relate(id, "dependsOn", "noAssertion", noElement3)
	}
}

// own writes a package of the image's own from its form in SPDX 2.3.
func (d *document3) own(p SPDXPackage) {
	d.begin(package3, strings.TrimPrefix(p.SPDXID, spdxRef))
	d.text("name", p.Name)
	d.text("comment", p.Comment)
	if len(p.Checksums) > 0 {
		d.hashes(hash3{algorithm: "sha256", value: p.Checksums[0].Value, comment: "digest of the contents, as docs/statements.md of Sworn defines it"})
	}
	if p.Supplier != noAssertion {
		d.ref("suppliedBy", agent3)
	}
	d.text("software_copyrightText", p.Copyright)
	d.text("software_packageVersion", p.Version)
	d.text("software_primaryPurpose", strings.ToLower(p.Purpose))
	d.end()
}

// pack writes another's package. A comment goes before what else there is to say.
func (d *document3) pack(p Package, comment string) {
	s := d.img.spdxPackage(p)
	d.begin(package3, packageID(p))
	d.text("name", p.Name)
	d.text("comment", strings.Join(slices.DeleteFunc([]string{comment, s.Comment, s.LicenseComments}, func(s string) bool { return s == "" }), "; "))
	if from, ok := d.img.Downloads[p.PURL]; ok {
		d.hashes(hash3{algorithm: "sha256", value: from.SHA256, comment: "of the file at software_downloadLocation"})
		d.text("software_downloadLocation", from.URL)
	}
	ids := []identifier3{{"packageUrl", p.PURL}}
	for _, name := range p.CPEs {
		ids = append(ids, identifier3{"cpe23", name})
	}
	d.identifiers(ids...)
	if s.Originator != "" {
		d.refs("originatedBy", []string{party3(s.Originator)})
	}
	d.ref("suppliedBy", party3(s.Supplier))
	d.text("software_copyrightText", noAssertion)
	d.text("software_packageVersion", p.Version)
	d.text("software_packageUrl", p.PURL)
	d.text("software_primaryPurpose", strings.ToLower(s.Purpose))
	d.text("software_homePage", s.Homepage)
	d.text("software_sourceInfo", s.SourceInfo)
	d.end()
}

// named are all packages that the document names.
func (d *document3) named() []Package {
	return slices.Concat(d.img.Installed.Packages, d.others)
}

// files writes files, whose they are and whose work.
func (d *document3) files(groups []fileGroup) {
	by := map[string][]string{}
	for i := range groups {
		g := &groups[i]
		ids := make([]string, 0, len(g.files))
		for _, h := range g.files {
			id := fileID(h)
			d.file(h, id)
			ids = append(ids, id)
			by[h.Step] = append(by[h.Step], id)
		}
		d.relate(g.ownerID(), "contains", "", ids...)
	}
	for _, s := range d.steps() {
		d.relate(stepID(s.ID), "hasOutput", "", by[s.ID]...)
	}
}

// steps are those that the document has elements of.
func (d *document3) steps() []Step {
	if d.purls == nil {
		return nil // a part
	}
	return d.img.Build.Steps
}

func (d *document3) file(h *Held, id string) {
	name, _ := h.Path.MarshalText() // never fails
	d.begin("software_File", id)
	d.text("name", string(name))
	d.text("comment", fileComment(h))
	d.hashes(hash3{algorithm: "sha256", value: h.SHA256}, hash3{algorithm: "sha1", value: h.SHA1})
	d.text("software_copyrightText", noAssertion)
	d.end()
}

// spdx3Costs are the costs of SPDX 3.0.1.
func (img Image) spdx3Costs() costs {
	const relations = 3 << 9 // of an owner and its files, without the ids that they lead to
	var buf []byte
	measure := func(write func(*document3)) int {
		d := &document3{img: img, elementWriter: &elementWriter{f: canon.NewWriter(buf[:0]), elements: 1}} // with a comma
		write(d)
		buf, _ = d.f.Bytes()
		return d.length()
	}
	id := func(id string) int { return len(zeroNamespace) + len(id) + len(`"",`) }
	return costs{
		owner: func(g *fileGroup) int {
			return id(g.ownerID()) + relations + measure(func(d *document3) {
				d.partOwner(&fileGroup{owner: g.owner, of: g.of})
			})
		},
		file: func(g *fileGroup, h *Held) int {
			return id(fileID(h)) + measure(func(d *document3) { d.file(h, fileID(h)) })
		},
	}
}
