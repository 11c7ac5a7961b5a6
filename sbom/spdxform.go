package sbom

import "github.com/sworn-build/sworn/step/canon"

// The forms of a document's long lists: what encoding/json makes of them, without
// reflection.

// encode returns the document's JSON, and where in it the namespace lies.
func (d *Document) encode() (b []byte, namespace int, err error) {
	f := canon.NewWriter(make([]byte, 0, documentBytes+fileBytes*len(d.Files)))
	f.Text(`{"spdxVersion":`, &d.SPDXVersion)
	f.Text(`,"dataLicense":`, &d.DataLicense)
	f.Text(`,"SPDXID":`, &d.SPDXID)
	f.Text(`,"name":`, &d.Name)
	f.Literal(`,"documentNamespace":`)
	b, _ = f.Bytes()
	namespace = len(b) + 1 // after its quote
	f.Text("", &d.Namespace)
	f.OptText(`,"comment":`, &d.Comment)
	f.Value(`,"creationInfo":`, &d.CreationInfo)
	if f.Has(`,"externalDocumentRefs":`, len(d.External) > 0) {
		f.Value("", &d.External)
	}
	if f.Has(`,"hasExtractedLicensingInfos":`, len(d.Licences) > 0) {
		f.Value("", &d.Licences)
	}
	f.Value(`,"packages":`, &d.Packages)
	if f.Has(`,"files":`, len(d.Files) > 0) {
		canon.List(f, "", &d.Files, spdxFileForm)
	}
	canon.List(f, `,"relationships":`, &d.Relationships, relationshipForm)
	f.Literal("}")
	b, err = f.Bytes()
	return b, namespace, err
}

// About how many bytes a document takes without its files, and a file with its
// relationship.
const (
	documentBytes = 512 << 10
	fileBytes     = 640
)

func spdxFileForm(f *canon.Form, file *SPDXFile) {
	f.Text(`{"SPDXID":`, &file.SPDXID)
	f.Text(`,"fileName":`, &file.Name)
	canon.List(f, `,"checksums":`, &file.Checksums, checksumForm)
	f.Text(`,"licenseConcluded":`, &file.LicenseConcluded)
	f.Text(`,"copyrightText":`, &file.Copyright)
	f.OptText(`,"comment":`, &file.Comment)
	f.Literal("}")
}

func checksumForm(f *canon.Form, c *SPDXChecksum) {
	f.Text(`{"algorithm":`, &c.Algorithm)
	f.Text(`,"checksumValue":`, &c.Value)
	f.Literal("}")
}

func relationshipForm(f *canon.Form, r *SPDXRelationship) {
	f.Text(`{"spdxElementId":`, &r.Element)
	f.Text(`,"relationshipType":`, &r.Type)
	f.Text(`,"relatedSpdxElement":`, &r.Related)
	f.OptText(`,"comment":`, &r.Comment)
	f.Literal("}")
}
