package check

import "strings"

func (d *cyclonedx) view(meta *node) view {
	v := view{
		format: "CycloneDX-" + short(d.root.get("specVersion").string()), name: meta.get("component").get("name").string(),
		components: d.components, files: d.files, relationships: len(d.root.get("dependencies").list()),
		id: d.root.get("serialNumber").string(), described: meta.get("component") != nil,
		created: meta.get("timestamp").string(),
	}
	if rfc3339(v.created) != nil {
		v.created = ""
	}
	for i := range v.components {
		c := &v.components[i]
		c.related, c.enumerated = d.named[c.id], d.enumerated[c.id]
	}
	for _, a := range meta.get("authors").list() {
		v.authors = append(v.authors, party{name: a.get("name").string() + a.get("email").string(), reachable: a.get("email") != nil})
	}
	for _, name := range []string{"manufacturer", "manufacture", "supplier"} {
		if p := organizationCDX(meta.get(name)); p.name != "" {
			v.authors = append(v.authors, p)
		}
	}
	tools := meta.get("tools").list()
	tools = append(tools, meta.get("tools").get("components").list()...)
	for _, t := range tools {
		v.tools = append(v.tools, tool{t.get("name").string(), t.get("version").string()})
	}
	for _, l := range meta.get("lifecycles").list() {
		v.context = l.get("phase").string() + l.get("name").string()
	}
	return v
}

func organizationCDX(n *node) party {
	p := party{name: n.get("name").string(), organization: true, reachable: len(n.get("url").list()) > 0}
	for _, c := range n.get("contact").list() {
		p.reachable = p.reachable || c.get("email") != nil
	}
	return p
}

func (d *cyclonedx) componentOf(n *node) component {
	c := component{
		id: n.get("bom-ref").string(), name: n.get("name").string(), version: n.get("version").string(),
		supplier: organizationCDX(n.get("supplier")), producer: organizationCDX(n.get("manufacturer")),
		purl: n.get("purl") != nil, identified: n.get("purl") != nil || n.get("cpe") != nil || n.get("swid") != nil,
		copyrighted: n.get("copyright") != nil,
	}
	for _, h := range n.get("hashes").list() {
		c.hashes = append(c.hashes, algorithm(h.get("alg").string()))
	}
	for _, l := range n.get("licenses").list() {
		text := l.get("expression").string() + l.get("license").get("id").string() + l.get("license").get("name").string()
		if l.get("acknowledgement").string() == "concluded" || l.get("license").get("acknowledgement").string() == "concluded" {
			c.concluded = text
		} else {
			c.declared = text
		}
	}
	for _, r := range n.get("externalReferences").list() {
		if r.get("type").string() != "distribution" {
			continue
		}
		c.download = true
		for _, h := range r.get("hashes").list() {
			c.artifact.sha512 = c.artifact.sha512 || algorithm(h.get("alg").string()) == "sha512"
		}
	}
	for _, p := range n.get("properties").list() {
		// https://github.com/BSI-Bund/tr-03183-cyclonedx-property-taxonomy
		property, ok := strings.CutPrefix(p.get("name").string(), "bsi:component:")
		switch {
		case !ok:
		case property == "filename":
			c.artifact.name = p.get("value").string()
		case property == "executable":
			c.artifact.executable = true
		case property == "archive":
			c.artifact.archive = true
		case property == "structured":
			c.artifact.structured = true
		}
	}
	return c
}
