package check

import (
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// meaning checks what the types of properties do not tell.
func (d *spdx3) meaning(o *object3) {
	switch o.class {
	case "Hash":
		name, value := o.get("algorithm").string(), o.get("hashValue").string()
		if err := checksum(name, value); err != nil && value != "" && name != "other" {
			d.report(rule3Checksum, o.at.field("hashValue"), "%v", err)
		}
	case "ExternalIdentifier":
		d.identifier(o)
	case "software_Package":
		if v := o.get("software_packageUrl").string(); v != "" {
			if err := purl(v); err != nil {
				d.report(rule3Identifier, o.at.field("software_packageUrl"), "%v", err)
			}
		}
	case "simplelicensing_LicenseExpression":
		d.expression(o)
	}
}

func (d *spdx3) identifier(o *object3) {
	var err error
	switch v := o.get("identifier").string(); o.get("externalIdentifierType").string() {
	case "packageUrl":
		err = purl(v)
	case "cpe22", "cpe23":
		err = cpe(v)
	}
	if err != nil {
		d.report(rule3Identifier, o.at.field("identifier"), "%v", err)
	}
}

// expression checks a licence expression, and that its LicenseRefs lead to licences.
func (d *spdx3) expression(o *object3) {
	text := o.get("simplelicensing_licenseExpression").string()
	if !asserted(text) {
		return
	}
	refs, err := licences(text)
	if err != nil {
		d.report(rule3Licence, o.at.field("simplelicensing_licenseExpression"), "%v", err)
	}
	leads := map[string]string{}
	for _, e := range o.get("simplelicensing_customIdToUri").list() {
		leads[e.get("key").string()] = e.get("value").string()
	}
	for _, ref := range refs {
		to, ok := leads[ref]
		switch target := d.byID[to]; {
		case !ok:
			d.report(rule3LicenceRef, o.at, "%s is not in customIdToUri", ref)
		case target == nil && !d.imported[to] && !strings.HasPrefix(to, terms3):
			d.report(rule3LicenceRef, o.at, "%s leads to %q, which is no object of the document", ref, to)
		case target != nil && target.get("simplelicensing_licenseText").string() == "":
			d.report(rule3LicenceRef, o.at, "%s leads to %s without a text", ref, wording.A(target.class))
		}
	}
}

// documents checks that there is one, and what it is about.
func (d *spdx3) documents() {
	for i := range d.objects {
		o := &d.objects[i]
		if o.class != "SpdxDocument" {
			continue
		}
		if d.document != nil {
			d.report(rule3Document, o.at, "a second SpdxDocument")
			continue
		}
		d.document = o
		if len(o.get("rootElement").list()) == 0 {
			d.report(rule3Document, o.at, "no rootElement")
		}
	}
	if d.document == nil {
		d.report(rule3Document, nil, "no SpdxDocument")
	}
}

// ends3 are the classes that a type of relationship has at its ends; empty for any.
func ends3(kind string) (from, to string) {
	switch kind {
	case "hasDeclaredLicense", "hasConcludedLicense":
		return "software_SoftwareArtifact", "simplelicensing_AnyLicenseInfo"
	case "hasInput", "hasOutput", "hasHost":
		return "build_Build", ""
	case "invokedBy":
		return "", "Agent"
	case "coordinatedBy", "exploitCreatedBy", "fixedBy", "foundBy", "publishedBy", "reportedBy", "republishedBy":
		return "security_Vulnerability", "Agent"
	case "affects", "doesNotAffect", "fixedIn", "underInvestigationFor", "hasAssessmentFor":
		return "security_Vulnerability", ""
	case "hasAssociatedVulnerability":
		return "", "security_Vulnerability"
	case "hasAddedFile", "hasDeletedFile":
		return "", "software_File"
	case "serializedInArtifact":
		return "SpdxDocument", "Artifact"
	}
	return "", ""
}

// relationships checks what is at the ends of relationships.
func (d *spdx3) relationships() {
	seen := map[string]bool{}
	for i := range d.objects {
		o := &d.objects[i]
		if !is3(d.model, o.class, "Relationship") {
			continue
		}
		a, kind := o.get("from").string(), o.get("relationshipType").string()
		from, to := ends3(kind)
		d.end(a, from, o.at.field("from"), kind)
		for k, b := range o.get("to").list() {
			at := o.at.field("to").item(k)
			d.end(b.string(), to, at, kind)
			if a != "" && b.string() == a {
				d.report(rule3Ends, at, "%s %s itself", a, kind)
			}
			key := strings.Join([]string{a, kind, b.string(), o.get("scope").string()}, "\x00")
			if seen[key] {
				d.report(rule3Repeated, at, "%s %s %s", a, kind, b.string())
			}
			seen[key] = true
		}
	}
}

func (d *spdx3) end(id, class string, at *place, kind string) {
	if o := d.byID[id]; o != nil && class != "" && d.model[o.class] != nil && !is3(d.model, o.class, class) {
		d.report(rule3Ends, at, "%s has %s here, want %s", kind, wording.A(o.class), wording.A(class))
	}
}

// unreachable finds elements that nothing joins to the document. Readers that begin at the
// document lose them.
func (d *spdx3) unreachable() {
	if d.document == nil {
		return
	}
	j := newJoined(len(d.objects))
	number := make(map[*node]int, len(d.objects))
	for i := range d.objects {
		number[d.objects[i].node] = i
	}
	join := func(i int, v *node) {
		if o := d.byID[v.string()]; o != nil {
			j.join(i, number[o.node])
		}
	}
	document := number[d.document.node]
	for i := range d.objects {
		o := &d.objects[i]
		at := i
		if o.class == "CreationInfo" { // all elements share it: it joins its agents alone
			at = document
		}
		for k, name := range o.names {
			if name == "creationInfo" || name == "spdxId" || name == "@id" {
				continue
			}
			join(at, &o.items[k])
			for l := range o.items[k].list() {
				join(at, &o.items[k].items[l])
			}
		}
		for _, e := range o.get("simplelicensing_customIdToUri").list() { // texts that an expression leads to
			join(i, e.get("value"))
		}
	}
	for i := range d.objects {
		if o := &d.objects[i]; is3(d.model, o.class, "Element") && j.root(i) != j.root(document) {
			d.report(rule3Unreachable, o.at, "%s %q", o.class, o.id)
		}
	}
}

// joined are sets of numbers from 0 on, each at first alone.
type joined struct{ up []int }

func newJoined(n int) *joined {
	j := &joined{make([]int, n)}
	for i := range j.up {
		j.up[i] = i
	}
	return j
}

func (j *joined) root(i int) int {
	for j.up[i] != i {
		j.up[i] = j.up[j.up[i]]
		i = j.up[i]
	}
	return i
}

func (j *joined) join(a, b int) { j.up[j.root(a)] = j.root(b) }
