package check

import (
	"slices"
	"strings"
)

// Names of tables, as [Table] has them.
const (
	NTIA  = "ntia"
	CISA  = "cisa"
	BSI   = "bsi"
	Telco = "telco"
)

// Table says which of the minimum elements of a guideline a document has.
type Table struct {
	// Name is one of the names above, Title what the guideline is called.
	Name   string `json:"name"`
	Title  string `json:"title"`
	Source string `json:"source"`
	// NotApplicable says why the guideline is not about such a document; there are no
	// rows then, and Pass is false.
	NotApplicable string `json:"notApplicable,omitempty"`
	Pass          bool   `json:"pass"`
	Rows          []Row  `json:"rows"`
}

// Row is one minimum element.
type Row struct {
	Element string `json:"element"`
	Pass    bool   `json:"pass"`
	// Of components, Missing lack it; both are 0 of an element of the document.
	Missing int `json:"missing"`
	Of      int `json:"of"`
	// Lacking are the names of the first of them.
	Lacking []string `json:"lacking,omitempty"`
}

// maxLacking is how many components are named that lack an element.
const maxLacking = 10

// Tables are the names of all tables.
func Tables() []string { return []string{NTIA, CISA, BSI, Telco} }

// tables are the tables of minimum elements.
func (v *view) tables() []Table {
	out := []Table{v.ntia(), v.cisa(), v.bsi(), v.telco()}
	for i := range out {
		t := &out[i]
		t.Pass = t.NotApplicable == "" && !slices.ContainsFunc(t.Rows, func(r Row) bool { return !r.Pass })
		if t.Rows == nil {
			t.Rows = []Row{}
		}
	}
	return out
}

// document is an element of the document itself.
func document(element string, has bool) Row { return Row{Element: element, Pass: has} }

// each is an element that every component must have. A document without components has
// it of none.
func (v *view) each(element string, has func(*component) bool) Row {
	r := Row{Element: element, Of: len(v.components)}
	for i := range v.components {
		if c := &v.components[i]; !has(c) {
			if r.Missing++; len(r.Lacking) < maxLacking {
				r.Lacking = append(r.Lacking, short(c.called()))
			}
		}
	}
	r.Pass = r.Missing == 0 && r.Of > 0
	return r
}

// called is a component's name, or its id if it has none.
func (c *component) called() string {
	if c.name == "" {
		return c.id
	}
	return c.name
}

func (v *view) ntia() Table {
	return Table{
		Name: NTIA, Title: "NTIA minimum elements (2021)", Source: "https://www.ntia.gov/report/2021/minimum-elements-software-bill-materials-sbom",
		Rows: []Row{
			v.each("supplier name", func(c *component) bool { return c.supplier.name != "" }),
			v.each("component name", func(c *component) bool { return c.name != "" }),
			v.each("version", func(c *component) bool { return c.version != "" }),
			v.each("other unique identifiers", func(c *component) bool { return c.identified }),
			v.each("dependency relationship", func(c *component) bool { return c.related }),
			document("author of SBOM data", len(v.authors)+len(v.tools) > 0),
			document("timestamp", v.created != ""),
		},
	}
}

func (v *view) cisa() Table {
	return Table{
		Name: CISA, Title: "CISA minimum elements (2025, draft)", Source: "https://www.cisa.gov/resources-tools/resources/2025-minimum-elements-software-bill-materials-sbom",
		Rows: []Row{
			document("SBOM author", len(v.authors) > 0),
			v.each("software producer", func(c *component) bool { return c.producer.name != "" || c.supplier.name != "" }),
			v.each("component name", func(c *component) bool { return c.name != "" }),
			v.each("component version", func(c *component) bool { return c.version != "" }),
			v.each("software identifiers", func(c *component) bool { return c.identified }),
			v.each("component hash", func(c *component) bool { return len(c.hashes) > 0 }),
			v.each("license", func(c *component) bool { return c.declared != "" || c.concluded != "" }),
			v.each("dependency relationship", func(c *component) bool { return c.related }),
			document("tool name", len(v.tools) > 0),
			document("timestamp", v.created != ""),
			document("generation context", v.context != ""),
		},
	}
}

func (v *view) bsi() Table {
	t := Table{Name: BSI, Title: "BSI TR-03183-2 v2.1", Source: "https://bsi.bund.de/dok/TR-03183-en"}
	if !strings.HasPrefix(v.format, "SPDX-3") && v.format != "CycloneDX-1.6" {
		t.NotApplicable = "it is about SPDX 3.0.1 and CycloneDX 1.6 or later"
		return t
	}
	t.Rows = []Row{
		document("creator of the SBOM, by email or URL", slices.ContainsFunc(v.authors, func(p party) bool { return p.reachable })),
		document("timestamp", v.created != ""),
		document("SBOM-URI", v.id != ""),
		v.each("component creator, by email or URL", func(c *component) bool { return c.producer.reachable || c.supplier.reachable }),
		v.each("component name", func(c *component) bool { return c.name != "" }),
		v.each("component version", func(c *component) bool { return c.version != "" }),
		v.each("filename", func(c *component) bool { return c.artifact.name != "" }),
		v.each("dependencies and their completeness", func(c *component) bool { return c.enumerated }),
		v.each("distribution licences", func(c *component) bool { return c.concluded != "" }),
		v.each("hash of the deployable component (SHA-512)", func(c *component) bool { return c.artifact.sha512 }),
		v.each("executable property", func(c *component) bool { return c.artifact.executable }),
		v.each("archive property", func(c *component) bool { return c.artifact.archive }),
		v.each("structured property", func(c *component) bool { return c.artifact.structured }),
		v.each("other unique identifiers", func(c *component) bool { return c.identified }),
	}
	return t
}

func (v *view) telco() Table {
	t := Table{Name: Telco, Title: "OpenChain Telco SBOM Guide 1.1", Source: "https://github.com/OpenChain-Project/Reference-Material/tree/master/SBOM-Quality/Version-1.1"}
	if !strings.HasPrefix(v.format, "SPDX-2") {
		t.NotApplicable = "it is about SPDX 2.2 and 2.3"
		return t
	}
	t.Rows = []Row{
		document("creator: organization", slices.ContainsFunc(v.authors, func(p party) bool { return p.organization })),
		document("creator: tool and its version", slices.ContainsFunc(v.tools, func(t tool) bool { return t.version != "" })),
		document("created", v.created != ""),
		document("SBOM type in the creator's comment", v.context != ""),
		document("DESCRIBES", v.described),
		v.each("package name", func(c *component) bool { return c.name != "" }),
		v.each("package version", func(c *component) bool { return c.version != "" }),
		v.each("package supplier", func(c *component) bool { return c.supplier.name != "" }),
		v.each("download location", func(c *component) bool { return c.download }),
		v.each("package hash: checksum or verification code", func(c *component) bool { return len(c.hashes) > 0 || c.code }),
		v.each("declared and concluded licence, if only NOASSERTION", func(c *component) bool { return c.licenceWritten }),
		v.each("copyright text, if only NOASSERTION", func(c *component) bool { return c.copyrighted }),
		v.each("purl", func(c *component) bool { return c.purl }),
		v.each("relationship", func(c *component) bool { return c.related }),
	}
	return t
}
