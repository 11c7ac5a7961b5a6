package export

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/spdx/tools-golang/spdx/v2/common"
)

// CycloneDX writes a document as CycloneDX 1.6 in JSON
// (https://cyclonedx.org/docs/1.6/json/). The serial number is made of the content, the
// time is the document's. Formulas, of which there may be none, say how it was built; their
// refs must not begin with "SPDXRef-".
func CycloneDX(w io.Writer, doc *Document, formulas []cdx.Formula) error {
	bom := &cdx.BOM{
		JSONSchema: "http://cyclonedx.org/schema/bom-1.6.schema.json", BOMFormat: cdx.BOMFormat,
		SpecVersion: cdx.SpecVersion1_6, Version: 1,
	}
	c := newConverter(doc)
	bom.Metadata = c.metadata()
	components := c.components()
	bom.Components = &components
	dependencies := c.dependencies()
	bom.Dependencies = &dependencies
	bom.Compositions = c.compositions()
	bom.Properties = c.properties()
	bom.ExternalReferences = c.otherDocuments()
	if len(formulas) > 0 {
		bom.Formulation = &formulas
	}
	var content bytes.Buffer
	if err := encode(&content, bom); err != nil {
		return err
	}
	bom.SerialNumber = serial(content.Bytes())
	return encode(w, bom)
}

func encode(w io.Writer, bom *cdx.BOM) error {
	if err := cdx.NewBOMEncoder(w, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).Encode(bom); err != nil {
		return fmt.Errorf("write CycloneDX: %w", err)
	}
	return nil
}

// serial is a UUID of version 8 (RFC 9562, section 5.8) of the sha256 over a document
// without one.
func serial(content []byte) string {
	sum := sha256.Sum256(content)
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// converter makes parts of a BOM.
type converter struct {
	doc *Document
	// described are the packages that the document is about, in order.
	described []string
	// files are by the package that contains them, and texts of LicenseRefs by id.
	files map[string][]*file
	texts map[string]string
	// excluded are packages that are not in what the document is about.
	excluded map[string]bool
	known    map[string]bool
}

func newConverter(doc *Document) *converter {
	c := &converter{doc: doc, files: map[string][]*file{}, texts: map[string]string{}, excluded: Outside(doc), known: map[string]bool{}}
	for _, l := range doc.OtherLicenses {
		c.texts[l.LicenseIdentifier] = l.ExtractedText
	}
	for _, p := range doc.Packages {
		c.known[string(p.PackageSPDXIdentifier)] = true
	}
	byID := map[string]*file{}
	for _, f := range doc.Files {
		byID[string(f.FileSPDXIdentifier)] = f
	}
	for _, r := range doc.Relationships {
		a, b := local(r.RefA), local(r.RefB)
		switch r.Relationship {
		case common.TypeRelationshipDescribe:
			if c.known[b] && !slices.Contains(c.described, b) {
				c.described = append(c.described, b)
			}
		case common.TypeRelationshipContains:
			if f := byID[b]; f != nil {
				c.files[a] = append(c.files[a], f)
				delete(byID, b)
			}
		}
	}
	for _, f := range doc.Files { // those of no package
		if byID[string(f.FileSPDXIdentifier)] != nil {
			c.files[""] = append(c.files[""], f)
		}
	}
	return c
}

// local is the id of an element of this document; empty of others.
func local(id common.DocElementID) string {
	if id.DocumentRefID != "" {
		return ""
	}
	return string(id.ElementRefID)
}

// ref is a bom-ref: the id as SPDX writes it.
func ref(id string) string { return "SPDXRef-" + id }

func (c *converter) metadata() *cdx.Metadata {
	m := &cdx.Metadata{Timestamp: c.doc.CreationInfo.Created}
	if strings.Contains(c.doc.CreationInfo.CreatorComment, "SBOM Type: Build") {
		m.Lifecycles = &[]cdx.Lifecycle{{Phase: cdx.LifecyclePhaseBuild}}
	}
	var tools []cdx.Component
	var authors []cdx.OrganizationalContact
	for _, by := range c.doc.CreationInfo.Creators {
		switch name, email := nameAndEmail(by.Creator); by.CreatorType {
		case "Tool":
			name, version, _ := cutLast(by.Creator, "-")
			tools = append(tools, cdx.Component{Type: cdx.ComponentTypeApplication, Name: name, Version: version})
		case "Organization":
			m.Manufacturer = organization(by.Creator)
		default:
			authors = append(authors, cdx.OrganizationalContact{Name: name, Email: email})
		}
	}
	if len(tools) > 0 {
		m.Tools = &cdx.ToolsChoice{Components: &tools}
	}
	if len(authors) > 0 {
		m.Authors = &authors
	}
	if c.doc.DataLicense == "CC0-1.0" { // SPDX knows no other
		m.Licenses = &cdx.Licenses{{License: &cdx.License{ID: c.doc.DataLicense}}}
	}
	for _, p := range c.doc.Packages {
		if len(c.described) > 0 && string(p.PackageSPDXIdentifier) == c.described[0] {
			component := c.component(p)
			m.Component, m.Supplier = &component, component.Supplier
		}
	}
	return m
}

// cutLast cuts at the last separator that a digit follows.
func cutLast(s, sep string) (before, after string, ok bool) {
	for i := len(s); ; {
		i = strings.LastIndex(s[:i], sep)
		if i <= 0 {
			return s, "", false
		}
		if rest := s[i+len(sep):]; rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			return s[:i], rest, true
		}
	}
}

// otherDocuments are the documents that this one refers to: those of a base image, parts
// with files.
func (c *converter) otherDocuments() *[]cdx.ExternalReference {
	var out []cdx.ExternalReference
	for _, d := range c.doc.ExternalDocumentReferences {
		out = append(out, cdx.ExternalReference{
			Type: cdx.ERTypeBOM, URL: d.URI, Comment: "DocumentRef-" + string(d.DocumentRefID), Hashes: hashes([]common.Checksum{d.Checksum}),
		})
	}
	if len(out) == 0 {
		return nil
	}
	return &out
}

// properties are the texts of licences that no component carries itself.
func (c *converter) properties() *[]cdx.Property {
	var out []cdx.Property
	add := func(name, value string) {
		if value != "" {
			out = append(out, cdx.Property{Name: name, Value: value})
		}
	}
	add("spdx:documentNamespace", c.doc.DocumentNamespace)
	add("spdx:comment", c.doc.DocumentComment)
	for _, l := range c.doc.OtherLicenses {
		add("spdx:extractedText:"+l.LicenseIdentifier, l.ExtractedText)
	}
	if len(out) == 0 {
		return nil
	}
	return &out
}
