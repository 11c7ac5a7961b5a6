package check

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// relationships checks how elements are related (section 11), and learns what packages
// hold.
func (d *spdx2) relationships() {
	for i, v := range d.root.get("documentDescribes").list() {
		d.known(v.string(), (*place)(nil).field("documentDescribes").item(i))
		d.described = true
		d.roots = append(d.roots, v.string())
	}
	for i, p := range d.root.get("packages").list() {
		for k, v := range p.get("hasFiles").list() {
			d.known(v.string(), at2("packages", i).field("hasFiles").item(k))
			d.consist(p.get("SPDXID").string(), v.string())
		}
	}
	seen := map[[3]string]bool{}
	for i := range d.root.get("relationships").list() {
		d.relationship(&d.root.get("relationships").items[i], at2("relationships", i), seen)
	}
	elements := len(d.root.get("packages").list()) + len(d.root.get("files").list())
	// One package alone is what the document describes.
	if !d.described && elements > 0 && !(elements == 1 && len(d.root.get("packages").list()) == 1) {
		d.report(rule2Describes, nil, "%s (packages and files), and no relationship DESCRIBES from the document", wording.Count(elements, "element"))
	}
}

func (d *spdx2) relationship(n *node, at *place, seen map[[3]string]bool) {
	if !d.shaped(n, at, d.shapes.relationship) {
		return
	}
	a, kind, b := n.get("spdxElementId").string(), n.get("relationshipType").string(), n.get("relatedSpdxElement").string()
	if a == "" || kind == "" || b == "" {
		return // said as missing
	}
	if key := [3]string{a, kind, b}; seen[key] {
		d.report(rule2Repeated, at, "%s %s %s", a, kind, b)
	} else {
		seen[key] = true
	}
	if !listedWord(relationships2, kind) {
		d.report(rule2Relationship, at.field("relationshipType"), "no type %q", kind)
	}
	d.known(a, at.field("spdxElementId"))
	if b != "NONE" && b != "NOASSERTION" {
		d.known(b, at.field("relatedSpdxElement"))
	}
	d.ends(a, kind, b, at)
	switch kind {
	case "DESCRIBES":
		d.described, d.roots = true, append(d.roots, b)
	case "DESCRIBED_BY":
		if b == "SPDXRef-DOCUMENT" { // another document may describe what this one only names
			d.described, d.roots = true, append(d.roots, a)
		}
	case "CONTAINS", "DEPENDS_ON", "STATIC_LINK", "DYNAMIC_LINK", "HAS_PREREQUISITE":
		d.consist(a, b)
	case "CONTAINED_BY", "DEPENDENCY_OF", "RUNTIME_DEPENDENCY_OF", "OPTIONAL_DEPENDENCY_OF", "PROVIDED_DEPENDENCY_OF",
		"OPTIONAL_COMPONENT_OF", "PACKAGE_OF", "PREREQUISITE_FOR":
		d.consist(b, a)
	}
	d.named[a] = true
	d.named[b] = true
}

// consist notes that an element contains or depends on another.
func (d *spdx2) consist(a, b string) {
	d.consists[a] = append(d.consists[a], b)
	d.hold(a, b)
}

// known checks that an id is of an element that there is.
func (d *spdx2) known(id string, at *place) {
	if document, element, other := strings.Cut(id, ":"); other {
		if !d.elsewhere[document] || !strings.HasPrefix(element, "SPDXRef-") {
			d.report(rule2Dangling, at, "%q is of no external document that is listed", id)
		}
		return
	}
	if d.kinds[id] == 0 {
		d.report(rule2Dangling, at, "%q is no element of the document", id)
	}
}

// ends checks what is at the ends of a relationship.
func (d *spdx2) ends(a, kind, b string, at *place) {
	want := func(id string, is int, what string) {
		if k := d.kinds[id]; k != 0 && k != is {
			d.report(rule2Ends, at, "%s %s %s: %s is not %s", a, kind, b, id, what)
		}
	}
	switch {
	case a == b:
		d.report(rule2Ends, at, "%s %s itself", a, kind)
	case a == "NONE" || a == "NOASSERTION":
		d.report(rule2Ends, at, "%s is related to nothing", kind)
	}
	switch kind {
	case "DESCRIBES":
		want(a, element2Document, "the document")
	case "DESCRIBED_BY":
		want(b, element2Document, "the document")
	case "FILE_ADDED", "FILE_DELETED", "FILE_MODIFIED":
		want(a, element2File, "a file")
	case "BUILD_TOOL_OF", "DEV_TOOL_OF", "TEST_TOOL_OF", "DEPENDS_ON", "DEPENDENCY_OF", "BUILD_DEPENDENCY_OF":
		for _, id := range []string{a, b} {
			if d.kinds[id] == element2Document {
				d.report(rule2Ends, at, "%s %s %s: a document is no software", a, kind, b)
			}
		}
	}
}

// hold notes that a package contains a file.
func (d *spdx2) hold(p, f string) {
	if d.kinds[p] == element2Package && d.kinds[f] == element2File {
		d.holds[p] = append(d.holds[p], f)
	}
}

// codes checks whether packages have files, and the verification codes of those that do
// (sections 7.8 and 7.9).
func (d *spdx2) codes() {
	files := map[string]*node{}
	for i := range d.root.get("files").list() {
		n := &d.root.get("files").items[i]
		files[n.get("SPDXID").string()] = n
	}
	for i, p := range d.root.get("packages").list() {
		at := at2("packages", i)
		holds := d.holds[p.get("SPDXID").string()]
		slices.Sort(holds)
		holds = slices.Compact(holds)
		code := p.get("packageVerificationCode")
		if analyzed := p.get("filesAnalyzed"); analyzed != nil && analyzed.text != "true" {
			if analyzed.text == "false" {
				d.notAnalyzed(&p, at, holds, code)
			}
			continue
		}
		if code == nil {
			d.report(rule2Code, at, "%q has none, and does not say that its files were not analysed", p.get("name").string())
			continue
		}
		if !d.shaped(code, at.field("packageVerificationCode"), d.shapes.code) {
			continue
		}
		value := code.get("packageVerificationCodeValue").string()
		got, ok := verificationCode(holds, files, code.get("packageVerificationCodeExcludedFiles"))
		if ok && value != "" && got != strings.ToLower(value) {
			d.report(rule2Code, at.field("packageVerificationCode"), "%q has %s; of %s it is %s", p.get("name").string(), value, wording.Count(len(holds), "file"), got)
		}
	}
}

func (d *spdx2) notAnalyzed(p *node, at *place, holds []string, code *node) {
	name := p.get("name").string()
	switch {
	case code != nil:
		d.report(rule2Analyzed, at.field("packageVerificationCode"), "%q has a verification code", name)
	case len(holds) > 0:
		d.report(rule2Analyzed, at, "%q contains %s", name, wording.Count(len(holds), "file"))
	case len(p.get("licenseInfoFromFiles").list()) > 0:
		d.report(rule2Analyzed, at.field("licenseInfoFromFiles"), "%q has licences of files", name)
	}
}

// verificationCode is SHA1 over the sorted SHA1s of files but for those that are excluded
// by name; false when one of them has no SHA1.
func verificationCode(ids []string, files map[string]*node, excluded *node) (string, bool) {
	out := map[string]bool{}
	for _, e := range excluded.list() {
		out[strings.TrimPrefix(e.string(), "./")] = true
	}
	var sums []string
	for _, id := range ids {
		if f := files[id]; !out[strings.TrimPrefix(f.get("fileName").string(), "./")] {
			sum := sha1Of(f)
			if sum == "" {
				return "", false
			}
			sums = append(sums, sum)
		}
	}
	slices.Sort(sums)
	sum := sha1.Sum([]byte(strings.Join(sums, "")))
	return hex.EncodeToString(sum[:]), true
}
