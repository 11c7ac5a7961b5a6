package check

// shapes2 are the objects of SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3/).
type shapes2 struct {
	document, creation, pack, code, checksum, external, elsewhere, extracted, file, snippet, relationship, annotation *shape
}

func newShapes2() shapes2 {
	of := func(text string) *shape {
		return &shape{missing: rule2Missing, wrong: rule2Type, unknown: rule2Unknown, fields: fields(text)}
	}
	return shapes2{
		document: of(`SPDXID! spdxVersion! dataLicense! name! documentNamespace! creationInfo!:object comment
			externalDocumentRefs:objects hasExtractedLicensingInfos:objects annotations:objects revieweds:objects
			documentDescribes:list packages:objects files:objects snippets:objects relationships:objects`),
		creation: of(`creators!:list created! comment licenseListVersion`),
		pack: of(`SPDXID! name! downloadLocation! versionInfo packageFileName supplier originator filesAnalyzed:bool
			packageVerificationCode:object checksums:objects homepage sourceInfo licenseConcluded licenseInfoFromFiles:list
			licenseDeclared licenseComments copyrightText summary description comment externalRefs:objects
			attributionTexts:list primaryPackagePurpose builtDate releaseDate validUntilDate hasFiles:list annotations:objects`),
		code:      of(`packageVerificationCodeValue! packageVerificationCodeExcludedFiles:list`),
		checksum:  of(`algorithm! checksumValue!`),
		external:  of(`referenceCategory! referenceType! referenceLocator! comment`),
		elsewhere: of(`externalDocumentId! spdxDocument! checksum!:object`),
		extracted: of(`licenseId! extractedText! name comment seeAlsos:list crossRefs:objects`),
		file: of(`SPDXID! fileName! checksums!:objects fileTypes:list licenseConcluded licenseInfoInFiles:list licenseComments
			copyrightText comment noticeText fileContributors:list fileDependencies:list attributionTexts:list
			artifactOfs:objects annotations:objects`),
		snippet: of(`SPDXID! name! snippetFromFile! ranges!:objects licenseConcluded licenseInfoInSnippets:list licenseComments
			copyrightText comment attributionTexts:list annotations:objects`),
		relationship: of(`spdxElementId! relationshipType! relatedSpdxElement! comment`),
		annotation:   of(`annotationDate! annotationType! annotator! comment!`),
	}
}

// relationships2 are the types of relationships (section 11.1).
const relationships2 = ` AMENDS ANCESTOR_OF BUILD_DEPENDENCY_OF BUILD_TOOL_OF CONTAINED_BY CONTAINS COPY_OF DATA_FILE_OF
 DEPENDENCY_MANIFEST_OF DEPENDENCY_OF DEPENDS_ON DESCENDANT_OF DESCRIBED_BY DESCRIBES DEV_DEPENDENCY_OF DEV_TOOL_OF
 DISTRIBUTION_ARTIFACT DOCUMENTATION_OF DYNAMIC_LINK EXAMPLE_OF EXPANDED_FROM_ARCHIVE FILE_ADDED FILE_DELETED
 FILE_MODIFIED GENERATED_FROM GENERATES HAS_PREREQUISITE METAFILE_OF OPTIONAL_COMPONENT_OF OPTIONAL_DEPENDENCY_OF OTHER
 PACKAGE_OF PATCH_APPLIED PATCH_FOR PREREQUISITE_FOR PROVIDED_DEPENDENCY_OF REQUIREMENT_DESCRIPTION_FOR
 RUNTIME_DEPENDENCY_OF SPECIFICATION_FOR STATIC_LINK TEST_CASE_OF TEST_DEPENDENCY_OF TEST_OF TEST_TOOL_OF VARIANT_OF `

// Other lists of words.
const (
	algorithms2 = ` SHA1 SHA224 SHA256 SHA384 SHA512 SHA3-256 SHA3-384 SHA3-512 BLAKE2b-256 BLAKE2b-384 BLAKE2b-512 BLAKE3
 MD2 MD4 MD5 MD6 ADLER32 `
	purposes2 = ` APPLICATION FRAMEWORK LIBRARY CONTAINER OPERATING_SYSTEM OPERATING-SYSTEM DEVICE FIRMWARE SOURCE ARCHIVE
 FILE INSTALL OTHER `
	fileTypes2   = ` SOURCE BINARY ARCHIVE APPLICATION AUDIO IMAGE TEXT VIDEO DOCUMENTATION SPDX OTHER `
	annotations2 = ` REVIEW OTHER `
)

// references2 are the types of external references, by category (annex F); any of OTHER.
func references2(category string) (types string, ok bool) {
	switch category {
	case "SECURITY":
		return " cpe22Type cpe23Type advisory fix url swid ", true
	case "PACKAGE-MANAGER", "PACKAGE_MANAGER":
		return " maven-central npm nuget bower purl ", true
	case "PERSISTENT-ID", "PERSISTENT_ID":
		return " swh gitoid ", true
	case "OTHER":
		return "", true
	}
	return "", false
}
