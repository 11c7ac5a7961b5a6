package check

import (
	"slices"
	"strings"
)

// Kinds of elements of an SPDX 2 document.
const (
	element2Document = iota + 1
	element2Package
	element2File
	element2Snippet
)

// spdx2 checks an SPDX 2 document.
type spdx2 struct {
	*checker
	root   *node
	shapes shapes2
	// kinds of elements by id, external documents by id, extracted licences by id with
	// whether something has them.
	kinds     map[string]int
	elsewhere map[string]bool
	extracted map[string]bool
	// holds are the files of packages, by the packages' ids.
	holds map[string][]string
	// named are elements at an end of a relationship with another.
	named     map[string]bool
	described bool
	// roots are the packages that the document describes, consists what they and others
	// contain or depend on.
	roots    []string
	consists map[string][]string
}

func (c *checker) spdx2(root *node) view {
	d := &spdx2{
		checker: c, root: root, shapes: newShapes2(), kinds: map[string]int{}, elsewhere: map[string]bool{},
		extracted: map[string]bool{}, holds: map[string][]string{}, named: map[string]bool{}, consists: map[string][]string{},
	}
	d.shaped(root, nil, d.shapes.document)
	d.header()
	d.collect()
	d.relationships()
	for i := range root.get("packages").list() {
		d.pack(&root.get("packages").items[i], at2("packages", i))
	}
	for i := range root.get("files").list() {
		d.file(&root.get("files").items[i], at2("files", i))
	}
	for i := range root.get("snippets").list() {
		d.snippet(&root.get("snippets").items[i], at2("snippets", i))
	}
	d.annotations(root, nil)
	d.extractedLicences()
	d.codes()
	return d.view()
}

func at2(list string, i int) *place { return (*place)(nil).field(list).item(i) }

// header checks the document's own fields (section 6).
func (d *spdx2) header() {
	if v := d.root.get("spdxVersion").string(); v != "SPDX-2.2" && v != "SPDX-2.3" {
		d.report(rule2Version, (*place)(nil).field("spdxVersion"), "%q, want SPDX-2.2 or SPDX-2.3", v)
	}
	if v := d.root.get("dataLicense").string(); v != "" && v != "CC0-1.0" {
		d.report(rule2Version, (*place)(nil).field("dataLicense"), "%q, want CC0-1.0", v)
	}
	if v := d.root.get("SPDXID").string(); v != "" && v != "SPDXRef-DOCUMENT" {
		d.report(rule2Document, (*place)(nil).field("SPDXID"), "%q, want SPDXRef-DOCUMENT", v)
	}
	if v := d.root.get("documentNamespace").string(); v != "" && (uri(v) != nil || strings.Contains(v, "#")) {
		d.report(rule2Namespace, (*place)(nil).field("documentNamespace"), "%q", v)
	}
	at := (*place)(nil).field("creationInfo")
	info := d.root.get("creationInfo")
	if info == nil || !d.shaped(info, at, d.shapes.creation) {
		return
	}
	d.date(info, at, "created")
	creators := info.get("creators")
	if creators != nil && len(creators.list()) == 0 {
		d.report(rule2Missing, at.field("creators"), "no creator")
	}
	for i, v := range creators.list() {
		if v.kind != kindText {
			continue // said as of another type
		}
		kind, name, _ := strings.Cut(v.string(), ":")
		if !slices.Contains([]string{"Person", "Organization", "Tool"}, kind) || strings.TrimSpace(name) == "" {
			d.report(rule2Creator, at.field("creators").item(i), "%q", v.string())
		}
	}
}

// date checks a time, if it is there.
func (d *spdx2) date(n *node, at *place, name string) {
	if v := n.get(name).string(); v != "" {
		if err := date(v); err != nil {
			d.report(rule2Date, at.field(name), "%v", err)
		}
	}
}

// collect learns the ids of the document's elements, external documents and licences.
func (d *spdx2) collect() {
	d.kinds["SPDXRef-DOCUMENT"] = element2Document
	for _, list := range []struct {
		name string
		kind int
	}{{"packages", element2Package}, {"files", element2File}, {"snippets", element2Snippet}} {
		for i, n := range d.root.get(list.name).list() {
			d.id(n.get("SPDXID").string(), at2(list.name, i).field("SPDXID"), list.kind)
		}
	}
	for i := range d.root.get("externalDocumentRefs").list() {
		d.externalDocument(&d.root.get("externalDocumentRefs").items[i], at2("externalDocumentRefs", i))
	}
	for i := range d.root.get("hasExtractedLicensingInfos").list() {
		at := at2("hasExtractedLicensingInfos", i)
		n := &d.root.get("hasExtractedLicensingInfos").items[i]
		d.shaped(n, at, d.shapes.extracted)
		id := n.get("licenseId").string()
		if _, twice := d.extracted[id]; twice {
			d.report(rule2Extracted, at.field("licenseId"), "%q is there twice", id)
		}
		if id != "" && (!isLicenceRef(id) || strings.Contains(id, ":")) {
			d.report(rule2Extracted, at.field("licenseId"), "%q, want LicenseRef-NAME", id)
		}
		d.extracted[id] = false
	}
}

func (d *spdx2) id(id string, at *place, kind int) {
	if id == "" {
		return // said as missing
	}
	if name, ok := strings.CutPrefix(id, "SPDXRef-"); !ok || !idString(name) {
		d.report(rule2ID, at, "%q", id)
	}
	if d.kinds[id] != 0 {
		d.report(rule2Twice, at, "%q is of another element as well", id)
		return
	}
	d.kinds[id] = kind
}

func (d *spdx2) externalDocument(n *node, at *place) {
	if !d.shaped(n, at, d.shapes.elsewhere) {
		return
	}
	id := n.get("externalDocumentId").string()
	if name, ok := strings.CutPrefix(id, "DocumentRef-"); id != "" && (!ok || !idString(strings.ReplaceAll(name, "+", ""))) {
		d.report(rule2Elsewhere, at.field("externalDocumentId"), "%q, want DocumentRef-NAME", id)
	}
	if d.elsewhere[id] {
		d.report(rule2Elsewhere, at.field("externalDocumentId"), "%q is there twice", id)
	}
	d.elsewhere[id] = true
	if v := n.get("spdxDocument").string(); v != "" && uri(v) != nil {
		d.report(rule2Elsewhere, at.field("spdxDocument"), "%q is no absolute URI", v)
	}
	if sum := n.get("checksum"); sum != nil {
		d.checksum(sum, at.field("checksum"))
	}
}

// checksum checks a checksum (section 8.4).
func (d *spdx2) checksum(n *node, at *place) {
	if !d.shaped(n, at, d.shapes.checksum) {
		return
	}
	name, value := n.get("algorithm").string(), n.get("checksumValue").string()
	switch {
	case name == "" || value == "": // said as missing
	case !listedWord(algorithms2, name):
		d.report(rule2Checksum, at.field("algorithm"), "no algorithm %q", name)
	default:
		if err := checksum(name, value); err != nil {
			d.report(rule2Checksum, at.field("checksumValue"), "%v", err)
		}
	}
}

// annotations checks those of the document or of an element (section 12).
func (d *spdx2) annotations(n *node, at *place) {
	for i := range n.get("annotations").list() {
		a, at := &n.get("annotations").items[i], at.field("annotations").item(i)
		if !d.shaped(a, at, d.shapes.annotation) {
			continue
		}
		d.date(a, at, "annotationDate")
		if v := a.get("annotationType").string(); v != "" && !listedWord(annotations2, v) {
			d.report(rule2Word, at.field("annotationType"), "no type of annotation %q", v)
		}
	}
}
