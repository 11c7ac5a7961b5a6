package check

import "slices"

// Rule is something that a document must hold to.
type Rule struct {
	ID    string `json:"id"`
	Level string `json:"level"`
	// Text says what holds; Source is where it is said.
	Text   string `json:"text"`
	Source string `json:"source"`
}

// Rules are by format and subject; their ids are in reports.
const (
	ruleJSON   = "json"
	ruleTwice  = "json-twice"
	ruleFormat = "format"

	rule2Version      = "spdx2-version"
	rule2Missing      = "spdx2-missing"
	rule2Type         = "spdx2-type"
	rule2Unknown      = "spdx2-unknown"
	rule2Document     = "spdx2-document"
	rule2Namespace    = "spdx2-namespace"
	rule2ID           = "spdx2-id"
	rule2Twice        = "spdx2-id-twice"
	rule2Dangling     = "spdx2-dangling"
	rule2Relationship = "spdx2-relationship"
	rule2Ends         = "spdx2-relationship-ends"
	rule2Repeated     = "spdx2-relationship-twice"
	rule2Describes    = "spdx2-describes"
	rule2Date         = "spdx2-date"
	rule2Creator      = "spdx2-creator"
	rule2Party        = "spdx2-party"
	rule2Checksum     = "spdx2-checksum"
	rule2SHA1         = "spdx2-sha1"
	rule2Code         = "spdx2-verification-code"
	rule2Analyzed     = "spdx2-files-analyzed"
	rule2Licence      = "spdx2-licence"
	rule2LicenceRef   = "spdx2-licence-ref"
	rule2Extracted    = "spdx2-extracted"
	rule2Unused       = "spdx2-extracted-unused"
	rule2Download     = "spdx2-download"
	rule2External     = "spdx2-external-ref"
	rule2Elsewhere    = "spdx2-external-document"
	rule2Word         = "spdx2-word"

	rule3Context      = "spdx3-context"
	rule3Type         = "spdx3-class"
	rule3Missing      = "spdx3-missing"
	rule3Value        = "spdx3-type"
	rule3Unknown      = "spdx3-unknown"
	rule3ID           = "spdx3-id"
	rule3Twice        = "spdx3-id-twice"
	rule3Dangling     = "spdx3-dangling"
	rule3Class        = "spdx3-reference"
	rule3Document     = "spdx3-document"
	rule3Ends         = "spdx3-relationship-ends"
	rule3Repeated     = "spdx3-relationship-twice"
	rule3Date         = "spdx3-date"
	rule3Checksum     = "spdx3-checksum"
	rule3Licence      = "spdx3-licence"
	rule3LicenceRef   = "spdx3-licence-ref"
	rule3Identifier   = "spdx3-identifier"
	rule3Unreachable  = "spdx3-unreachable"
	ruleCDXVersion    = "cyclonedx-version"
	ruleCDXMissing    = "cyclonedx-missing"
	ruleCDXType       = "cyclonedx-type"
	ruleCDXSerial     = "cyclonedx-serial"
	ruleCDXTwice      = "cyclonedx-ref-twice"
	ruleCDXDangling   = "cyclonedx-dangling"
	ruleCDXDate       = "cyclonedx-date"
	ruleCDXChecksum   = "cyclonedx-checksum"
	ruleCDXLicence    = "cyclonedx-licence"
	ruleCDXIdentifier = "cyclonedx-identifier"
	ruleCDXWord       = "cyclonedx-word"
)

// Where the rules come from.
const (
	spdx23    = "https://spdx.github.io/spdx-spec/v2.3/"
	spdx301   = "https://spdx.github.io/spdx-spec/v3.0.1/model/"
	cdx16     = "https://cyclonedx.org/docs/1.6/json/"
	rfc8259   = "https://www.rfc-editor.org/rfc/rfc8259"
	licenceAt = "https://spdx.org/licenses/"
)

// Rules are all rules, by format and in the order in which reports have them.
func Rules() []Rule {
	const e = LevelError
	return slices.Concat([]Rule{
		{ruleJSON, e, "one JSON value in UTF-8, of bounded size and nesting, and nothing behind it", rfc8259},
		{ruleTwice, e, "no object has a field twice", rfc8259 + "#section-4"},
		{ruleFormat, e, "SPDX 2 or 3 or CycloneDX, in JSON", ""},
	}, rules2(), rules3(), rulesCDX())
}

func rules2() []Rule {
	const e, w = LevelError, LevelWarning
	return []Rule{
		{rule2Version, e, "version 2.2 or 2.3, data licence CC0-1.0", spdx23 + "document-creation-information/#61-spdx-version-field"},
		{rule2Missing, e, "fields that must be there are, and are not empty", spdx23},
		{rule2Type, e, "fields are of their types", spdx23},
		{rule2Unknown, w, "there are no fields but those of the specification", spdx23},
		{rule2Document, e, "the document's id is SPDXRef-DOCUMENT", spdx23 + "document-creation-information/#63-spdx-identifier-field"},
		{rule2Namespace, e, "the namespace is an absolute URI without a fragment", spdx23 + "document-creation-information/#65-spdx-document-namespace-field"},
		{rule2ID, e, "ids are SPDXRef- and letters, digits, dots and dashes", spdx23 + "package-information/#72-package-spdx-identifier-field"},
		{rule2Twice, e, "an id is of one element", spdx23 + "package-information/#72-package-spdx-identifier-field"},
		{rule2Dangling, e, "an id that is named is of an element of the document, or of an external document that it lists", spdx23 + "relationships-between-SPDX-elements/"},
		{rule2Relationship, e, "relationships have a type of the specification", spdx23 + "relationships-between-SPDX-elements/#111-relationship-field"},
		{rule2Ends, e, "relationships begin at an element, and those about the document or about files have it at the right end", spdx23 + "relationships-between-SPDX-elements/#111-relationship-field"},
		{rule2Repeated, w, "a relationship is said once", spdx23 + "relationships-between-SPDX-elements/"},
		{rule2Describes, e, "a document that has elements says which of them it describes", spdx23 + "relationships-between-SPDX-elements/#111-relationship-field"},
		{rule2Date, e, "times are YYYY-MM-DDThh:mm:ssZ", spdx23 + "document-creation-information/#69-created-field"},
		{rule2Creator, e, "creators are Person:, Organization: or Tool: and a name", spdx23 + "document-creation-information/#68-creator-field"},
		{rule2Party, e, "supplier and originator are Person: or Organization: and a name, or NOASSERTION", spdx23 + "package-information/#75-package-supplier-field"},
		{rule2Checksum, e, "a checksum has an algorithm of the specification and as many hex digits as that gives", spdx23 + "package-information/#710-package-checksum-field"},
		{rule2SHA1, e, "a file has a SHA1", spdx23 + "file-information/#84-file-checksum-field"},
		{rule2Code, e, "a package whose files were analysed has the verification code that its files give", spdx23 + "package-information/#79-package-verification-code-field"},
		{rule2Analyzed, e, "a package whose files were not analysed has no verification code, no licences of files and no files", spdx23 + "package-information/#78-files-analyzed-field"},
		{rule2Licence, e, "licences are expressions of ids that SPDX lists, NONE or NOASSERTION", spdx23 + "SPDX-license-expressions/"},
		{rule2LicenceRef, e, "a LicenseRef has its text in the document, or its document is listed", spdx23 + "other-licensing-information-detected/"},
		{rule2Extracted, e, "an extracted licence has an id LicenseRef-NAME, once, and a text", spdx23 + "other-licensing-information-detected/#101-license-identifier-field"},
		{rule2Unused, w, "an extracted licence is one that something has", spdx23 + "other-licensing-information-detected/"},
		{rule2Download, e, "a download location is a URI, NONE or NOASSERTION", spdx23 + "package-information/#77-package-download-location-field"},
		{rule2External, e, "external references have a category and a type of it, and a locator of the type", spdx23 + "package-information/#721-external-reference-field"},
		{rule2Elsewhere, e, "external documents have an id DocumentRef-NAME, once, a URI and a checksum", spdx23 + "document-creation-information/#66-external-document-references-field"},
		{rule2Word, e, "words of a list are of that list: purposes, types of files, of annotations", spdx23},
	}
}

func rules3() []Rule {
	const e, w = LevelError, LevelWarning
	return []Rule{
		{rule3Context, e, "the context is that of SPDX 3.0.1, and objects are in @graph", "https://spdx.github.io/spdx-spec/v3.0.1/serializations/"},
		{rule3Type, e, "objects are of a class of SPDX 3.0.1 that is not abstract", spdx301},
		{rule3Missing, e, "properties that must be there are, and are not empty", spdx301},
		{rule3Value, e, "properties are of their types, words of their lists", spdx301},
		{rule3Unknown, e, "there are no properties but those of the class", spdx301},
		{rule3ID, e, "an element has an IRI as spdxId, other objects none or a blank node's id", spdx301 + "Core/Properties/spdxId/"},
		{rule3Twice, e, "an id is of one object", spdx301 + "Core/Properties/spdxId/"},
		{rule3Dangling, e, "an id that is named is of an object of the graph, of an external map, or of SPDX itself", spdx301 + "Core/Classes/ExternalMap/"},
		{rule3Class, e, "a property names objects of its class", spdx301},
		{rule3Document, e, "there is one SpdxDocument, with a root element", spdx301 + "Core/Classes/SpdxDocument/"},
		{rule3Ends, e, "relationships have at their ends the classes that their type asks for", spdx301 + "Core/Vocabularies/RelationshipType/"},
		{rule3Repeated, w, "a relationship is said once", spdx301 + "Core/Classes/Relationship/"},
		{rule3Date, e, "times are YYYY-MM-DDThh:mm:ssZ", spdx301 + "Core/Datatypes/DateTime/"},
		{rule3Checksum, e, "a hash has as many hex digits as its algorithm gives", spdx301 + "Core/Classes/Hash/"},
		{rule3Licence, e, "licence expressions are of ids that SPDX lists", spdx301 + "SimpleLicensing/Classes/LicenseExpression/"},
		{rule3LicenceRef, e, "a LicenseRef of an expression is mapped to a licence of the graph", spdx301 + "SimpleLicensing/Properties/customIdToUri/"},
		{rule3Identifier, e, "package URLs and CPE names can be read", spdx301 + "Core/Vocabularies/ExternalIdentifierType/"},
		{rule3Unreachable, w, "elements are listed by the document or a collection, or related to one that is", spdx301 + "Core/Classes/ElementCollection/"},
	}
}

func rulesCDX() []Rule {
	const e = LevelError
	return []Rule{
		{ruleCDXVersion, e, "CycloneDX 1.4 to 1.6; a version of the document from 1 on", cdx16},
		{ruleCDXMissing, e, "fields that must be there are, and are not empty", cdx16},
		{ruleCDXType, e, "fields are of their types", cdx16},
		{ruleCDXSerial, e, "the serial number is urn:uuid: and a UUID", cdx16 + "#serialNumber"},
		{ruleCDXTwice, e, "a bom-ref is of one object", cdx16 + "#components_items_bom-ref"},
		{ruleCDXDangling, e, "a ref that is named is of an object of the document", cdx16 + "#dependencies"},
		{ruleCDXDate, e, "the time is as RFC 3339 has it", cdx16 + "#metadata_timestamp"},
		{ruleCDXChecksum, e, "a hash has an algorithm of the specification and as many hex digits as that gives", cdx16 + "#components_items_hashes"},
		{ruleCDXLicence, e, "licences are ids that SPDX lists, names, or one expression", licenceAt},
		{ruleCDXIdentifier, e, "package URLs and CPE names can be read", cdx16 + "#components_items_purl"},
		{ruleCDXWord, e, "words of a list are of that list: types of components, phases", cdx16},
	}
}
