package check

import (
	"errors"
	"strings"

	"github.com/sworn-build/sworn/sbom/wording"
)

// Document checks a document. What it finds is in the report, whatever the bytes are.
func Document(b []byte) Report {
	c := &checker{found: map[string]*Finding{}}
	var r Report
	root, err := parse(b)
	var twice *twiceError
	switch {
	case errors.As(err, &twice):
		c.report(ruleTwice, nil, "%v", err)
	case err != nil:
		c.report(ruleJSON, nil, "%v", err)
	default:
		r = c.document(root)
	}
	r.Findings, r.Valid = c.findings(), true
	for _, f := range r.Findings {
		r.Valid = r.Valid && f.Level != LevelError
	}
	if r.Minimum == nil {
		r.Minimum = []Table{}
	}
	return r
}

// document checks a document of the format that it says it has.
func (c *checker) document(root *node) Report {
	var v view
	switch {
	case root.get("spdxVersion") != nil:
		v = c.spdx2(root)
	case root.get("@context") != nil:
		v = c.spdx3(root)
	case root.get("bomFormat") != nil:
		v = c.cyclonedx(root)
	default:
		c.report(ruleFormat, nil, "it has neither spdxVersion (SPDX 2), @context (SPDX 3) nor bomFormat (CycloneDX): %s%s", wording.A(root.kind.String()), fieldsText(root))
		return Report{}
	}
	return Report{
		Format: v.format, Name: short(v.name), Components: len(v.components), Files: v.files,
		Relationships: v.relationships, Minimum: v.tables(),
	}
}

// fieldsText names the first fields of an object.
func fieldsText(n *node) string {
	if len(n.names) == 0 {
		return ""
	}
	return " with " + strings.Join(n.names[:min(len(n.names), 8)], ", ")
}
