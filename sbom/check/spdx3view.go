package check

import (
	"slices"
	"strings"
)

// view is what the document says of minimum elements. Components are the packages that
// the document is about and those that they contain or depend on: a build's materials are
// packages as well, but not of what was delivered.
func (d *spdx3) view() view {
	v := view{format: "SPDX-3", described: d.document != nil && len(d.document.get("rootElement").list()) > 0}
	info := d.follow(d.document.field("creationInfo"))
	if version := info.get("specVersion").string(); version != "" {
		v.format = "SPDX-" + short(version)
	}
	v.name = d.document.field("name").string()
	v.id = d.document.field("spdxId").string()
	if v.created = info.get("created").string(); date(v.created) != nil {
		v.created = ""
	}
	for _, a := range info.get("createdBy").list() {
		if o := d.byID[a.string()]; o != nil && o.class != "SoftwareAgent" {
			v.authors = append(v.authors, d.party(&a))
		}
	}
	for _, t := range info.get("createdUsing").list() {
		if o := d.byID[t.string()]; o != nil {
			v.tools = append(v.tools, toolOf(o.get("name").string()))
		}
	}
	v.context = buildPhase(info.get("comment").string())
	for i := range d.objects {
		o := &d.objects[i]
		switch {
		case o.class == "software_Sbom" && len(o.get("software_sbomType").list()) > 0:
			v.context = o.get("software_sbomType").items[0].string()
		case o.class == "software_File":
			v.files++
		case is3(d.model, o.class, "Relationship"):
			v.relationships++
		}
	}
	v.components = d.components()
	return v
}

// field is a property of an object that may be missing.
func (o *object3) field(name string) *node {
	if o == nil {
		return nil
	}
	return o.get(name)
}

// follow returns the object that a value is, or names.
func (d *spdx3) follow(v *node) *node {
	if o := d.byID[v.string()]; o != nil {
		return o.node
	}
	return v
}

// party is an agent.
func (d *spdx3) party(v *node) party {
	n := d.follow(v)
	p := party{name: n.get("name").string(), organization: n.get("type").string() == "Organization"}
	for _, e := range n.get("externalIdentifier").list() {
		p.reachable = p.reachable || contact(d.follow(&e).get("identifier").string())
	}
	for _, e := range n.get("externalRef").list() {
		p.reachable = p.reachable || len(d.follow(&e).get("locator").list()) > 0
	}
	return p
}

// holding are the relationships that lead from a component to what it consists of.
func holding(kind string) bool {
	switch kind {
	case "contains", "dependsOn", "hasStaticLink", "hasDynamicLink", "hasOptionalComponent", "hasOptionalDependency", "hasProvidedDependency":
		return true
	}
	return false
}

// components are the packages that the document's roots lead to, in the graph's order; all
// packages when the roots are none.
func (d *spdx3) components() []component {
	from := map[string][]*object3{} // relationships by where they begin
	related := map[string]bool{}
	consists := map[string][]string{}
	for i := range d.objects {
		o := &d.objects[i]
		if !is3(d.model, o.class, "Relationship") {
			continue
		}
		a := o.get("from").string()
		from[a] = append(from[a], o)
		if holding(o.get("relationshipType").string()) {
			related[a] = true
			for _, b := range o.get("to").list() {
				related[b.string()] = true
				consists[a] = append(consists[a], b.string())
			}
		}
	}
	in := reach(d.roots(), consists)
	var all, out []component
	for i := range d.objects {
		if o := &d.objects[i]; is3(d.model, o.class, "software_Package") {
			c := d.component(o, from[o.id])
			c.related = related[o.id]
			all = append(all, c)
			if in[o.id] {
				out = append(out, c)
			}
		}
	}
	if len(out) == 0 {
		return all
	}
	return out
}

// roots are the root elements of the document and of the collections among them.
func (d *spdx3) roots() []string {
	var out []string
	next := []*node{d.document.field("rootElement")}
	for seen := map[string]bool{}; len(next) > 0; next = next[1:] {
		for _, v := range next[0].list() {
			id := v.string()
			if seen[id] {
				continue
			}
			seen[id] = true
			if o := d.byID[id]; o != nil && is3(d.model, o.class, "ElementCollection") {
				next = append(next, o.get("rootElement"), o.get("element"))
			} else {
				out = append(out, id)
			}
		}
	}
	return out
}

func (d *spdx3) component(o *object3, from []*object3) component {
	c := component{
		id: o.id, name: o.get("name").string(), version: o.get("software_packageVersion").string(),
		supplier: d.party(o.get("suppliedBy")), purl: o.get("software_packageUrl") != nil,
		copyrighted: o.get("software_copyrightText") != nil, download: o.get("software_downloadLocation") != nil,
	}
	if by := o.get("originatedBy").list(); len(by) > 0 {
		c.producer = d.party(&by[0])
	}
	c.identified = c.purl
	for _, e := range o.get("externalIdentifier").list() {
		switch kind := d.follow(&e).get("externalIdentifierType").string(); kind {
		case "packageUrl":
			c.purl, c.identified = true, true
		case "cpe22", "cpe23", "swid", "gitoid", "swhid":
			c.identified = true
		}
	}
	c.hashes = d.hashes(o.node)
	for _, r := range from {
		kind := r.get("relationshipType").string()
		if holding(kind) && r.get("completeness").string() != "" {
			c.enumerated = true
		}
		for _, b := range r.get("to").list() {
			d.relate(&c, kind, d.byID[b.string()])
		}
	}
	return c
}

// relate notes the licences and the artifact of a component.
func (d *spdx3) relate(c *component, kind string, to *object3) {
	if to == nil {
		return
	}
	switch kind {
	case "hasDeclaredLicense":
		c.declared = licenceText3(to)
	case "hasConcludedLicense":
		c.concluded = licenceText3(to)
	case "hasDistributionArtifact":
		hashes := d.hashes(to.node)
		c.hashes = append(c.hashes, hashes...)
		c.artifact = artifact{name: to.get("name").string(), sha512: slices.Contains(hashes, "sha512")}
		// What is not said to be executable, or an archive, is not.
		for _, p := range to.get("software_additionalPurpose").list() {
			c.artifact.executable, c.artifact.archive = true, true
			c.artifact.structured = c.artifact.structured || p.string() == "container" || p.string() == "firmware"
		}
	}
}

func licenceText3(o *object3) string {
	if text := o.get("simplelicensing_licenseExpression"); text != nil {
		if !asserted(text.string()) {
			return ""
		}
		return text.string()
	}
	if strings.HasPrefix(o.class, "expandedlicensing_") {
		return o.id
	}
	return ""
}

func (d *spdx3) hashes(n *node) []string {
	var out []string
	for _, v := range n.get("verifiedUsing").list() {
		if h := d.follow(&v); h.get("type").string() == "Hash" {
			out = append(out, algorithm(h.get("algorithm").string()))
		}
	}
	return out
}
