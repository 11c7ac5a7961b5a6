package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// cyclonedx checks a CycloneDX document.
type cyclonedx struct {
	*checker
	root                    *node
	document, component     *shape
	hash, dependency, plain *shape
	refs                    map[string]bool
	named                   map[string]bool // refs with dependencies said, or depended on
	enumerated              map[string]bool // refs in a composition
	components              []component
	files                   int
}

// Lists of words of CycloneDX 1.6.
const (
	componentsCDX = ` application framework library container platform operating-system device device-driver firmware file
 machine-learning-model data cryptographic-asset `
	algorithmsCDX = ` MD5 SHA-1 SHA-256 SHA-384 SHA-512 SHA3-256 SHA3-384 SHA3-512 BLAKE2b-256 BLAKE2b-384 BLAKE2b-512 BLAKE3
 Streebog-256 Streebog-512 `
	phasesCDX = ` design pre-build build post-build operations discovery decommission `
)

func (c *checker) cyclonedx(root *node) view {
	of := func(text string) *shape {
		return &shape{missing: ruleCDXMissing, wrong: ruleCDXType, fields: fields(text)}
	}
	d := &cyclonedx{
		checker: c, root: root,
		document: of(`bomFormat! specVersion! serialNumber version:number metadata:object components:objects
			dependencies:objects compositions:objects`),
		component: of(`type! name! version bom-ref purl cpe supplier:object manufacturer:object hashes:objects
			licenses:objects externalReferences:objects properties:objects components:objects`),
		hash: of(`alg! content!`), dependency: of(`ref! dependsOn:list`), plain: of(``),
		refs: map[string]bool{}, named: map[string]bool{}, enumerated: map[string]bool{},
	}
	d.shaped(root, nil, d.document)
	d.header()
	top := (*place)(nil)
	meta := root.get("metadata")
	if meta != nil {
		d.metadata(meta, top.field("metadata"))
	}
	d.list(root.get("components"), top.field("components"))
	d.collect(root.get("services"), top.field("services"))
	d.dependencies()
	return d.view(meta)
}

func (d *cyclonedx) header() {
	top := (*place)(nil)
	if v := d.root.get("bomFormat").string(); v != "CycloneDX" {
		d.report(ruleFormat, top.field("bomFormat"), "%q, want CycloneDX", v)
	}
	if v := d.root.get("specVersion").string(); !slices.Contains([]string{"1.4", "1.5", "1.6"}, v) {
		d.report(ruleCDXVersion, top.field("specVersion"), "%q, want 1.4, 1.5 or 1.6", v)
	}
	if v := d.root.get("version"); v != nil && v.kind == kindNumber {
		if n, err := strconv.Atoi(v.text); err != nil || n < 1 {
			d.report(ruleCDXVersion, top.field("version"), "%s, want a whole number from 1 on", v.text)
		}
	}
	if v := d.root.get("serialNumber").string(); v != "" && !isSerial(v) {
		d.report(ruleCDXSerial, top.field("serialNumber"), "%q", v)
	}
}

func isSerial(s string) bool {
	id, ok := strings.CutPrefix(s, "urn:uuid:")
	parts := strings.Split(id, "-")
	if !ok || len(parts) != 5 {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != n || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return false
		}
	}
	return true
}

func (d *cyclonedx) metadata(n *node, at *place) {
	if v := n.get("timestamp").string(); v != "" {
		if err := rfc3339(v); err != nil {
			d.report(ruleCDXDate, at.field("timestamp"), "%v", err)
		}
	}
	for i, l := range n.get("lifecycles").list() {
		if v := l.get("phase").string(); v != "" && !listedWord(phasesCDX, v) {
			d.report(ruleCDXWord, at.field("lifecycles").item(i).field("phase"), "no phase %q", v)
		}
	}
	if c := n.get("component"); c != nil {
		d.pack(c, at.field("component"))
	}
	d.collect(n.get("tools").get("components"), at.field("tools").field("components"))
	d.collect(n.get("tools").get("services"), at.field("tools").field("services"))
}

// list checks components, and those in them.
func (d *cyclonedx) list(n *node, at *place) {
	for i := range n.list() {
		d.pack(&n.items[i], at.item(i))
	}
}

// collect learns the refs of objects that are not checked any further.
func (d *cyclonedx) collect(n *node, at *place) {
	for i := range n.list() {
		d.ref(n.items[i].get("bom-ref").string(), at.item(i))
	}
}

func (d *cyclonedx) ref(ref string, at *place) {
	if ref == "" {
		return
	}
	if d.refs[ref] {
		d.report(ruleCDXTwice, at.field("bom-ref"), "%q is of another object as well", ref)
	}
	d.refs[ref] = true
}

func (d *cyclonedx) pack(n *node, at *place) {
	if !d.shaped(n, at, d.component) {
		return
	}
	d.ref(n.get("bom-ref").string(), at)
	if v := n.get("type").string(); v != "" && !listedWord(componentsCDX, v) {
		d.report(ruleCDXWord, at.field("type"), "no type of component %q", v)
	}
	if v := n.get("purl").string(); v != "" {
		if err := purl(v); err != nil {
			d.report(ruleCDXIdentifier, at.field("purl"), "%v", err)
		}
	}
	if v := n.get("cpe").string(); v != "" {
		if err := cpe(v); err != nil {
			d.report(ruleCDXIdentifier, at.field("cpe"), "%v", err)
		}
	}
	d.hashes(n, at)
	for i := range n.get("externalReferences").list() {
		d.hashes(&n.get("externalReferences").items[i], at.field("externalReferences").item(i))
	}
	d.licences(n.get("licenses"), at.field("licenses"))
	switch {
	case n.get("type").string() == "file":
		d.files++
	case n.get("scope").string() != "excluded": // those were not delivered
		d.components = append(d.components, d.componentOf(n))
	}
	d.list(n.get("components"), at.field("components"))
}

func (d *cyclonedx) hashes(n *node, at *place) {
	for i := range n.get("hashes").list() {
		h, at := &n.get("hashes").items[i], at.field("hashes").item(i)
		if !d.shaped(h, at, d.hash) {
			continue
		}
		name, value := h.get("alg").string(), h.get("content").string()
		if name != "" && !listedWord(algorithmsCDX, name) {
			d.report(ruleCDXChecksum, at.field("alg"), "no algorithm %q", name)
		} else if err := checksum(name, value); err != nil && name != "" && value != "" {
			d.report(ruleCDXChecksum, at.field("content"), "%v", err)
		}
	}
}

func (d *cyclonedx) licences(n *node, at *place) {
	for i, l := range n.list() {
		at := at.item(i)
		if e := l.get("expression"); e != nil {
			if len(n.items) > 1 {
				d.report(ruleCDXLicence, at, "an expression and %s", wording.Count(len(n.items)-1, "other licence"))
			}
			if _, err := licences(e.string()); err != nil {
				d.report(ruleCDXLicence, at.field("expression"), "%v", err)
			}
			continue
		}
		one := l.get("license")
		id, name := one.get("id").string(), one.get("name").string()
		switch {
		case (id == "") == (name == ""):
			d.report(ruleCDXLicence, at, "want an id or a name of a licence, or an expression")
		case id != "" && (isLicenceRef(id) || !known(id)):
			d.report(ruleCDXLicence, at.field("license").field("id"), "SPDX lists no licence %q", id)
		}
	}
}

// known reports whether an id alone is a licence of SPDX.
func known(id string) bool {
	_, err := licences(id)
	return err == nil && !strings.ContainsAny(id, " ()")
}

func (d *cyclonedx) dependencies() {
	seen := map[string]bool{}
	for i := range d.root.get("dependencies").list() {
		n, at := &d.root.get("dependencies").items[i], (*place)(nil).field("dependencies").item(i)
		if !d.shaped(n, at, d.dependency) {
			continue
		}
		ref := n.get("ref").string()
		d.known(ref, at.field("ref"))
		if seen[ref] {
			d.report(ruleCDXTwice, at.field("ref"), "the dependencies of %q are said twice", ref)
		}
		seen[ref] = true
		d.named[ref] = true
		for k, v := range n.get("dependsOn").list() {
			d.known(v.string(), at.field("dependsOn").item(k))
			d.named[v.string()] = true
		}
	}
	for i, n := range d.root.get("compositions").list() {
		for _, list := range []string{"assemblies", "dependencies"} {
			for k, v := range n.get(list).list() {
				d.known(v.string(), (*place)(nil).field("compositions").item(i).field(list).item(k))
				d.enumerated[v.string()] = n.get("aggregate").string() != ""
			}
		}
	}
}

// known checks that a ref is of an object of the document; a BOM-Link is of another.
func (d *cyclonedx) known(ref string, at *place) {
	if ref != "" && !d.refs[ref] && !strings.HasPrefix(ref, "urn:cdx:") {
		d.report(ruleCDXDangling, at, "%q is no object of the document", ref)
	}
}
