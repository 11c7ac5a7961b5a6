package sbom

import (
	"slices"
	"strings"
)

// agents writes who supplies packages, each once.
func (d *document3) agents() {
	var all []string
	for _, p := range d.named() {
		s := d.img.spdxPackage(p)
		all = append(all, s.Supplier, s.Originator)
	}
	slices.Sort(all)
	for _, who := range slices.Compact(all) {
		if who != "" && who != noAssertion {
			d.agent(party3(who), who)
		}
	}
}

// agent writes who an SPDX 2.3 field names: "Person: NAME (EMAIL)".
func (d *document3) agent(id, who string) {
	class, name, _ := strings.Cut(who, ": ")
	email := ""
	if i := strings.LastIndex(name, " ("); i > 0 && strings.HasSuffix(name, ")") {
		name, email = name[:i], name[i+2:len(name)-1]
	}
	d.begin(class, id)
	d.text("name", name)
	if email != "" {
		d.identifiers(identifier3{"email", email})
	}
	d.end()
}

// party3 is the id of who an SPDX 2.3 field names; empty of NOASSERTION.
func party3(who string) string {
	if who == noAssertion {
		return ""
	}
	return "Agent-" + shortHash(who)
}
