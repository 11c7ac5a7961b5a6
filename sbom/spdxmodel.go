package sbom

// Document is an SPDX 2.3 document in its JSON form, as far as Sworn writes one
// (https://spdx.github.io/spdx-spec/v2.3/).
type Document struct {
	SPDXVersion   string                 `json:"spdxVersion"`
	DataLicense   string                 `json:"dataLicense"`
	SPDXID        string                 `json:"SPDXID"`
	Name          string                 `json:"name"`
	Namespace     string                 `json:"documentNamespace"`
	Comment       string                 `json:"comment,omitempty"`
	CreationInfo  SPDXCreation           `json:"creationInfo"`
	External      []SPDXExternalDocument `json:"externalDocumentRefs,omitempty"`
	Licences      []SPDXLicence          `json:"hasExtractedLicensingInfos,omitempty"`
	Packages      []SPDXPackage          `json:"packages"`
	Files         []SPDXFile             `json:"files,omitempty"`
	Relationships []SPDXRelationship     `json:"relationships"`
}

// SPDXCreation is section 6.8-6.9: who made the document and when.
type SPDXCreation struct {
	Comment  string   `json:"comment,omitempty"`
	Creators []string `json:"creators"`
	Created  string   `json:"created"` // RFC 3339, UTC
}

// SPDXExternalDocument is section 6.6: another document that this one refers to.
type SPDXExternalDocument struct {
	ID       string       `json:"externalDocumentId"` // "DocumentRef-..."
	Document string       `json:"spdxDocument"`       // its namespace
	Checksum SPDXChecksum `json:"checksum"`
}

// SPDXLicence is section 10: a licence that SPDX's list has not.
type SPDXLicence struct {
	ID   string `json:"licenseId"` // "LicenseRef-..."
	Text string `json:"extractedText"`
	Name string `json:"name,omitempty"`
}

// SPDXPackage is section 7.
type SPDXPackage struct {
	SPDXID           string            `json:"SPDXID"`
	Name             string            `json:"name"`
	Version          string            `json:"versionInfo,omitempty"`
	FileName         string            `json:"packageFileName,omitempty"`
	Supplier         string            `json:"supplier,omitempty"`
	Originator       string            `json:"originator,omitempty"`
	DownloadLocation string            `json:"downloadLocation"`
	FilesAnalyzed    bool              `json:"filesAnalyzed"`
	VerificationCode *SPDXVerification `json:"packageVerificationCode,omitempty"`
	Checksums        []SPDXChecksum    `json:"checksums,omitempty"`
	Homepage         string            `json:"homepage,omitempty"`
	SourceInfo       string            `json:"sourceInfo,omitempty"`
	LicenseConcluded string            `json:"licenseConcluded"`
	LicenseDeclared  string            `json:"licenseDeclared"`
	LicenseComments  string            `json:"licenseComments,omitempty"`
	Copyright        string            `json:"copyrightText"`
	Comment          string            `json:"comment,omitempty"`
	ExternalRefs     []SPDXExternalRef `json:"externalRefs,omitempty"`
	Purpose          string            `json:"primaryPackagePurpose,omitempty"`
}

// SPDXVerification is section 7.9: SHA1 over the sorted SHA1s of the files.
type SPDXVerification struct {
	Value string `json:"packageVerificationCodeValue"`
}

// SPDXExternalRef is section 7.21.
type SPDXExternalRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

// SPDXFile is section 8.
type SPDXFile struct {
	SPDXID           string         `json:"SPDXID"`
	Name             string         `json:"fileName"`
	Checksums        []SPDXChecksum `json:"checksums"`
	LicenseConcluded string         `json:"licenseConcluded"`
	Copyright        string         `json:"copyrightText"`
	Comment          string         `json:"comment,omitempty"`
}

// SPDXChecksum is section 8.4.
type SPDXChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

// SPDXRelationship is section 11.
type SPDXRelationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
	Comment string `json:"comment,omitempty"`
}
