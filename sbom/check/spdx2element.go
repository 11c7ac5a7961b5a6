package check

import "strings"

// pack checks a package (section 7).
func (d *spdx2) pack(n *node, at *place) {
	if !d.shaped(n, at, d.shapes.pack) {
		return
	}
	for _, name := range []string{"supplier", "originator"} {
		if v := n.get(name).string(); v != "" && !isParty(v) {
			d.report(rule2Party, at.field(name), "%q", v)
		}
	}
	for _, name := range []string{"builtDate", "releaseDate", "validUntilDate"} {
		d.date(n, at, name)
	}
	if v := n.get("downloadLocation").string(); v != "" && v != "NONE" && v != "NOASSERTION" && uri(v) != nil && !strings.HasPrefix(v, "git@") {
		d.report(rule2Download, at.field("downloadLocation"), "%q", v)
	}
	if v := n.get("primaryPackagePurpose").string(); v != "" && !listedWord(purposes2, v) {
		d.report(rule2Word, at.field("primaryPackagePurpose"), "no purpose %q", v)
	}
	for i := range n.get("checksums").list() {
		d.checksum(&n.get("checksums").items[i], at.field("checksums").item(i))
	}
	for i := range n.get("externalRefs").list() {
		d.external(&n.get("externalRefs").items[i], at.field("externalRefs").item(i))
	}
	d.licence(n, at, "licenseConcluded", "licenseDeclared")
	d.licenceList(n, at, "licenseInfoFromFiles")
	d.annotations(n, at)
}

func isParty(s string) bool {
	if s == "NOASSERTION" {
		return true
	}
	kind, name, ok := strings.Cut(s, ":")
	return ok && (kind == "Person" || kind == "Organization") && strings.TrimSpace(name) != ""
}

// external checks an external reference (section 7.21).
func (d *spdx2) external(n *node, at *place) {
	if !d.shaped(n, at, d.shapes.external) {
		return
	}
	category, kind, locator := n.get("referenceCategory").string(), n.get("referenceType").string(), n.get("referenceLocator").string()
	types, ok := references2(category)
	switch {
	case category == "" || kind == "" || locator == "": // said as missing
		return
	case !ok:
		d.report(rule2External, at.field("referenceCategory"), "no category %q", category)
		return
	case types != "" && !listedWord(types, kind) && uri(kind) != nil:
		d.report(rule2External, at.field("referenceType"), "%s has no type %q", category, kind)
		return
	}
	var err error
	switch kind {
	case "purl":
		err = purl(locator)
	case "cpe22Type", "cpe23Type":
		err = cpe(locator)
	}
	if err == nil && strings.ContainsAny(locator, " \t\n") && category != "OTHER" {
		d.report(rule2External, at.field("referenceLocator"), "%q has white space", locator)
	} else if err != nil {
		d.report(rule2External, at.field("referenceLocator"), "%v", err)
	}
}

// file checks a file (section 8).
func (d *spdx2) file(n *node, at *place) {
	if !d.shaped(n, at, d.shapes.file) {
		return
	}
	if sums := n.get("checksums"); sums != nil && sha1Of(n) == "" {
		d.report(rule2SHA1, at.field("checksums"), "none is a SHA1")
	}
	for i := range n.get("checksums").list() {
		d.checksum(&n.get("checksums").items[i], at.field("checksums").item(i))
	}
	for i, v := range n.get("fileTypes").list() {
		if !listedWord(fileTypes2, v.string()) {
			d.report(rule2Word, at.field("fileTypes").item(i), "no type of file %q", v.string())
		}
	}
	for i, v := range n.get("fileDependencies").list() {
		d.known(v.string(), at.field("fileDependencies").item(i))
	}
	d.licence(n, at, "licenseConcluded")
	d.licenceList(n, at, "licenseInfoInFiles")
	d.annotations(n, at)
}

func sha1Of(n *node) string {
	for _, c := range n.get("checksums").list() {
		if c.get("algorithm").string() == "SHA1" {
			return strings.ToLower(c.get("checksumValue").string())
		}
	}
	return ""
}

// snippet checks a snippet (section 9).
func (d *spdx2) snippet(n *node, at *place) {
	if !d.shaped(n, at, d.shapes.snippet) {
		return
	}
	if from := n.get("snippetFromFile").string(); from != "" && !strings.Contains(from, ":") && d.kinds[from] != element2File {
		d.report(rule2Dangling, at.field("snippetFromFile"), "%q is no file of the document", from)
	}
	d.licence(n, at, "licenseConcluded")
	d.licenceList(n, at, "licenseInfoInSnippets")
	d.annotations(n, at)
}

// licence checks fields with a licence expression.
func (d *spdx2) licence(n *node, at *place, names ...string) {
	for _, name := range names {
		d.expression(n.get(name).string(), at.field(name))
	}
}

func (d *spdx2) licenceList(n *node, at *place, name string) {
	for i, v := range n.get(name).list() {
		d.expression(v.string(), at.field(name).item(i))
	}
}

func (d *spdx2) expression(s string, at *place) {
	if !asserted(s) {
		return
	}
	refs, err := licences(s)
	if err != nil {
		d.report(rule2Licence, at, "%v", err)
	}
	for _, ref := range refs {
		if document, _, other := strings.Cut(ref, ":"); other {
			if !d.elsewhere[document] {
				d.report(rule2LicenceRef, at, "%s: the document lists no %s", ref, document)
			}
		} else if _, ok := d.extracted[ref]; !ok {
			d.report(rule2LicenceRef, at, "%s has no text in hasExtractedLicensingInfos", ref)
		} else {
			d.extracted[ref] = true
		}
	}
}

// extractedLicences finds those that nothing has.
func (d *spdx2) extractedLicences() {
	for i, n := range d.root.get("hasExtractedLicensingInfos").list() {
		if id := n.get("licenseId").string(); id != "" && !d.extracted[id] {
			d.report(rule2Unused, at2("hasExtractedLicensingInfos", i), "nothing has the licence %q", id)
		}
	}
}
