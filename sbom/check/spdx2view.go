package check

import (
	"slices"
	"strings"
)

// view is what the document says of minimum elements.
func (d *spdx2) view() view {
	v := view{
		format: d.root.get("spdxVersion").string(), name: d.root.get("name").string(),
		files: len(d.root.get("files").list()), relationships: len(d.root.get("relationships").list()),
		id: d.root.get("documentNamespace").string(), described: d.described,
	}
	info := d.root.get("creationInfo")
	v.created = info.get("created").string()
	if date(v.created) != nil {
		v.created = ""
	}
	for _, c := range info.get("creators").list() {
		kind, name, _ := strings.Cut(c.string(), ":")
		name = strings.TrimSpace(name)
		switch {
		case kind == "Tool" && name != "":
			v.tools = append(v.tools, toolOf(name))
		case name != "":
			v.authors = append(v.authors, party{name: name, organization: kind == "Organization", reachable: contact(name)})
		}
	}
	v.context = buildPhase(info.get("comment").string())
	v.components = d.components()
	return v
}

// components are the packages that the document describes and what they consist of. Others,
// as the tools and sources of a build, are in the document and were not delivered. They are
// all packages when the document describes none.
func (d *spdx2) components() []component {
	in := reach(d.roots, d.consists)
	var all, out []component
	for i := range d.root.get("packages").list() {
		c := d.component(&d.root.get("packages").items[i])
		all = append(all, c)
		if in[c.id] {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// toolOf splits "name-1.0".
func toolOf(s string) tool {
	for _, by := range []string{"-", " ", "@"} {
		if i := strings.LastIndex(s, by); i > 0 && strings.ContainsAny(s[i:], "0123456789") {
			return tool{s[:i], s[i+1:]}
		}
	}
	return tool{name: s}
}

// buildPhase is the type of SBOM that a comment names ("SBOM Type: Build"), in lower
// case: one of the six that CISA defines
// (https://www.cisa.gov/sites/default/files/2023-04/sbom-types-document-508c.pdf).
func buildPhase(comment string) string {
	_, rest, ok := strings.Cut(strings.ToLower(comment), "sbom type:")
	if !ok {
		return ""
	}
	word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	word = strings.Trim(word, ".,;\n")
	if slices.Contains([]string{"design", "source", "build", "analyzed", "deployed", "runtime"}, word) {
		return word
	}
	return ""
}

func (d *spdx2) component(n *node) component {
	id := n.get("SPDXID").string()
	c := component{
		id: id, name: n.get("name").string(), version: n.get("versionInfo").string(),
		supplier: partyOf(n.get("supplier").string()), producer: partyOf(n.get("originator").string()),
		related: d.named[id], download: n.get("downloadLocation").string() != "",
		copyrighted: n.get("copyrightText").string() != "", code: n.get("packageVerificationCode") != nil,
	}
	for _, r := range n.get("externalRefs").list() {
		switch r.get("referenceType").string() {
		case "purl":
			c.purl, c.identified = true, true
		case "cpe22Type", "cpe23Type", "swid", "swh", "gitoid":
			c.identified = true
		}
	}
	for _, s := range n.get("checksums").list() {
		c.hashes = append(c.hashes, algorithm(s.get("algorithm").string()))
	}
	declared, concluded := n.get("licenseDeclared").string(), n.get("licenseConcluded").string()
	if asserted(declared) {
		c.declared = declared
	}
	if asserted(concluded) {
		c.concluded = concluded
	}
	c.licenceWritten = declared != "" && concluded != ""
	c.artifact.name = n.get("packageFileName").string()
	return c
}

func partyOf(s string) party {
	kind, name, ok := strings.Cut(s, ":")
	if !ok {
		return party{}
	}
	name = strings.TrimSpace(name)
	return party{name: name, organization: kind == "Organization", reachable: contact(name)}
}
