package check

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// context3 is the context of every document (https://spdx.github.io/spdx-spec/v3.0.1/serializations/).
const context3 = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"

// terms3 begins the IRIs that are SPDX's own.
const terms3 = "https://spdx.org/"

// spdx3 checks an SPDX 3 document.
type spdx3 struct {
	*checker
	model map[string]*class3
	// objects of the graph in order, nested ones behind the one that they are in; byID
	// are those that have an id.
	objects []object3
	byID    map[string]*object3
	// imported are the ids of external maps.
	imported map[string]bool
	document *object3
	reached  map[string]bool
}

// object3 is an object of a document.
type object3 struct {
	*node
	class string
	id    string
	at    *place
}

func (c *checker) spdx3(root *node) view {
	d := &spdx3{checker: c, model: model3(), byID: map[string]*object3{}, imported: map[string]bool{}, reached: map[string]bool{}}
	top := (*place)(nil)
	if v := root.get("@context").string(); v != context3 {
		d.report(rule3Context, top.field("@context"), "%q, want %s", v, context3)
	}
	graph := root.get("@graph")
	switch {
	case graph == nil && root.get("type") != nil:
		d.collect(root, nil)
	case graph == nil || graph.kind != kindList:
		d.report(rule3Context, nil, "no list @graph")
	default:
		for _, name := range root.names {
			if name != "@context" && name != "@graph" {
				d.report(rule3Context, top.field(name), "%q beside @graph", name)
			}
		}
		for i := range graph.items {
			d.collect(&graph.items[i], top.field("@graph").item(i))
		}
	}
	d.index()
	for i := range d.objects {
		d.object(&d.objects[i])
	}
	d.documents()
	d.relationships()
	d.unreachable()
	return d.view()
}

// collect learns the objects of the graph, those in others included.
func (d *spdx3) collect(n *node, at *place) {
	if n.kind != kindObject {
		d.report(rule3Context, at, "%s, want an object", wording.A(n.kind.String()))
		return
	}
	o := object3{node: n, at: at, class: n.get("type").string(), id: n.get("spdxId").string()}
	if o.id == "" {
		o.id = n.get("@id").string()
	}
	d.objects = append(d.objects, o)
	for i, name := range n.names {
		switch v := &n.items[i]; v.kind {
		case kindObject:
			d.collect(v, at.field(name))
		case kindList:
			for k := range v.items {
				if v.items[k].kind == kindObject {
					d.collect(&v.items[k], at.field(name).item(k))
				}
			}
		}
	}
}

// index learns which id is of which object.
func (d *spdx3) index() {
	for i := range d.objects {
		o := &d.objects[i]
		if m := o.get("externalSpdxId").string(); o.class == "ExternalMap" && m != "" {
			d.imported[m] = true
		}
		if o.id == "" {
			continue
		}
		if d.byID[o.id] != nil {
			d.report(rule3Twice, o.at, "%q is of another object as well", o.id)
			continue
		}
		d.byID[o.id] = o
	}
}

// object checks the properties of an object by its class.
func (d *spdx3) object(o *object3) {
	class := d.model[o.class]
	if class == nil || class.abstract {
		// Classes of extensions are IRIs of others.
		if !strings.Contains(o.class, "://") {
			d.report(rule3Type, o.at, "no class %q that objects can be of", o.class)
		}
		return
	}
	d.objectID(o, is3(d.model, o.class, "Element"))
	for i, name := range o.names {
		if slices.Contains([]string{"type", "spdxId", "@id", "@context"}, name) {
			continue
		}
		p, ok := class.properties[name]
		if !ok {
			d.report(rule3Unknown, o.at.field(name), "%s has no property %q", o.class, name)
			continue
		}
		d.property(&o.items[i], o.at.field(name), p)
	}
	for _, name := range class.needed() {
		if v := o.get(name); v == nil || v.kind == kindList && len(v.items) == 0 || v.kind == kindText && v.text == "" {
			d.report(rule3Missing, o.at, "%s without %s", o.class, name)
		}
	}
	d.meaning(o)
}

func (c *class3) needed() []string {
	var out []string
	for name, p := range c.properties {
		if p.need {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (d *spdx3) objectID(o *object3, element bool) {
	switch id := o.get("spdxId"); {
	case element && (id.string() == "" || o.get("@id") != nil):
		d.report(rule3ID, o.at, "%s without spdxId, or with @id", o.class)
	case element && (strings.HasPrefix(id.text, "_:") || uri(id.text) != nil):
		d.report(rule3ID, o.at.field("spdxId"), "%q is no IRI", id.text)
	case !element && id != nil:
		d.report(rule3ID, o.at.field("spdxId"), "%s is no element", wording.A(o.class))
	}
}

// property checks the values of a property.
func (d *spdx3) property(v *node, at *place, p property3) {
	if !p.list {
		d.value(v, at, p)
		return
	}
	if v.kind != kindList {
		d.report(rule3Value, at, "%s, want an array", wording.A(v.kind.String()))
		return
	}
	for i := range v.items {
		d.value(&v.items[i], at.item(i), p)
	}
}

func (d *spdx3) value(v *node, at *place, p property3) {
	if p.class != "" {
		d.reference(v, at, p.class)
		return
	}
	ok := true
	switch p.kind {
	case "string", "text", "uri", "semver", "date":
		ok = v.kind == kindText
	case "boolean":
		ok = v.kind == kindBool
	case "integer":
		ok = v.kind == kindNumber && strings.Trim(v.text, "0123456789") == ""
	case "decimal":
		ok = v.kind == kindNumber || v.kind == kindText
	default:
		ok = v.kind == kindText && slices.Contains(strings.Split(p.kind, "|"), v.text)
	}
	if !ok {
		d.report(rule3Value, at, "the %s %q, want %s", v.kind, v.text, p.kind)
		return
	}
	switch p.kind {
	case "date":
		if err := date(v.text); err != nil {
			d.report(rule3Date, at, "%v", err)
		}
	case "semver":
		if strings.Count(v.text, ".") < 2 {
			d.report(rule3Value, at, "%q, want a version like 3.0.1", v.text)
		}
	}
}

// reference checks that an object, or what an id names, is of a class.
func (d *spdx3) reference(v *node, at *place, class string) {
	got := v.get("type").string()
	if v.kind == kindText {
		o := d.byID[v.text]
		switch {
		case o != nil:
			got = o.class
		case d.imported[v.text], strings.HasPrefix(v.text, terms3), individual3(v.text):
			return
		default:
			d.report(rule3Dangling, at, "%q is no object of the document", v.text)
			return
		}
	} else if v.kind != kindObject {
		d.report(rule3Value, at, "%s, want an object or its id", wording.A(v.kind.String()))
		return
	}
	if d.model[got] != nil && d.model[class] != nil && !is3(d.model, got, class) {
		d.report(rule3Class, at, "%s, want %s", wording.A(got), wording.A(class))
	}
}

// individual3 reports whether a name is that of an object of SPDX itself.
func individual3(s string) bool {
	switch s {
	case "NoAssertionElement", "NoneElement", "SpdxOrganization", "expandedlicensing_NoAssertionLicense", "expandedlicensing_NoneLicense":
		return true
	}
	return false
}
