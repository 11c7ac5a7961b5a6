package sbom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/licence"
)

func packageID(p Package) string {
	return "Package-" + idString(p.Type+"-"+p.Name) + "-" + shortHash(p.PURL)
}

// spdxPackage is what a document says of an installed package.
func (img Image) spdxPackage(p Package) SPDXPackage {
	sp := SPDXPackage{
		SPDXID:           spdxRef + packageID(p),
		Name:             p.Name,
		Version:          p.Version,
		Supplier:         cmp.Or(supplier(p.suppliedBy()), noAssertion),
		Originator:       supplier(p.Originator),
		DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion,
		LicenseDeclared:  noAssertion,
		Copyright:        noAssertion,
		ExternalRefs:     append(purlRef(p.PURL), cpeRefs(p.CPEs)...),
		Purpose:          p.purpose(),
	}
	if strings.HasPrefix(p.Homepage, "https://") || strings.HasPrefix(p.Homepage, "http://") {
		sp.Homepage = p.Homepage
	}
	if p.Source != "" {
		sp.SourceInfo = "built from source package " + p.Source + " " + p.SourceVersion
	}
	img.licences(p, &sp)
	if found := img.Installed.Manifests[p.PURL]; len(found) > 0 {
		sp.SourceInfo = "found in " + listed(found)
	}
	if from, ok := img.Downloads[p.PURL]; ok {
		sp.DownloadLocation = from.URL
		sp.Checksums = []SPDXChecksum{{"SHA256", from.SHA256}}
		sp.FileName = from.fileName()
	}
	notes := img.Installed.loss(p.PURL)
	if by := img.Installed.By[p.PURL]; by != "" {
		notes = append(notes, "brought by "+by)
	}
	if from := img.Installed.Archives[p.PURL]; from != "" {
		notes = append(notes, "installed from "+from+", as far as names tell")
	}
	if img.Installed.Unsaid[p.PURL] {
		notes = append(notes, "nothing but its entry in the package database says where it came from")
	}
	if changed := img.Installed.Changed[p.PURL]; len(changed) > 0 {
		notes = append(notes, "missing, or not as the package came with them: "+listed(changed))
	}
	if b := img.Build.Base; b != nil && len(b.Changed[p.PURL]) > 0 {
		notes = append(notes, "written or removed by steps after the base: "+listed(b.Changed[p.PURL]))
	}
	sp.Comment = strings.Join(notes, "; ")
	return sp
}

// imagePackage stands for the image. What it has instead of a version is the digest of its
// contents: a name and tag are given to it later.
func (img Image) imagePackage() SPDXPackage {
	p := img.ownPackage(spdxImage, img.Name, "platform "+img.Platform)
	p.Purpose = "CONTAINER"
	if img.Contents != "" {
		p.Checksums = []SPDXChecksum{{"SHA256", img.Contents}}
		p.Comment += "; version and checksum are the digest of the contents, as docs/statements.md of Sworn defines it"
	}
	return p
}

// ownPackage is one that is no other's: all that can be said of it is whose image it is of.
func (img Image) ownPackage(id, name, comment string) SPDXPackage {
	p := SPDXPackage{
		SPDXID:           id,
		Name:             name,
		Supplier:         img.imageSupplier(),
		DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion,
		LicenseDeclared:  noAssertion,
		Copyright:        noAssertion,
		Comment:          comment,
	}
	if img.Contents != "" {
		p.Version = "sha256:" + img.Contents
	}
	return p
}

// licences says what a package declares and what its texts say.
func (img Image) licences(p Package, sp *SPDXPackage) {
	switch {
	case p.Declared != "" && img.hasTexts(p.Declared):
		sp.LicenseDeclared = p.Declared
	case p.Declared == "" && knownLicence(p.Licence):
		sp.LicenseDeclared = p.Licence
	}
	if p.Concluded != "" && img.hasTexts(p.Concluded) {
		sp.LicenseConcluded = p.Concluded
	}
	if p.Licence != "" && p.Licence != sp.LicenseDeclared {
		sp.LicenseComments = "the package declares: " + p.Licence
	}
}

// hasTexts reports whether the texts of all licences of an expression that are not SPDX's
// are known: a document has to have them.
func (img Image) hasTexts(expression string) bool {
	for _, id := range licenceRefs(expression) {
		_, ok := slices.BinarySearchFunc(img.Installed.Licences, id, func(l ExtractedLicence, id string) int {
			return strings.Compare(l.ID, id)
		})
		if !ok {
			return false
		}
	}
	return true
}

// licenceRefs are the ids in an expression that are not SPDX's.
func licenceRefs(expression string) []string {
	var out []string
	for _, word := range strings.FieldsFunc(expression, func(r rune) bool { return r == ' ' || r == '(' || r == ')' }) {
		if strings.HasPrefix(word, licenceRef) {
			out = append(out, word)
		}
	}
	return out
}

func purlRef(purl string) []SPDXExternalRef {
	return []SPDXExternalRef{{"PACKAGE-MANAGER", "purl", purl}}
}

// cpeRefs are a package's names in the vulnerability database (SPDX 2.3, appendix F.2.2).
func cpeRefs(names []string) []SPDXExternalRef {
	var out []SPDXExternalRef
	for _, name := range names {
		out = append(out, SPDXExternalRef{"SECURITY", "cpe23Type", name})
	}
	return out
}

func idString(s string) string { return licence.IDString(s) }

// suppliedBy is who puts a package out. Between the author of a language's package who names
// no maintainer and its users stands a registry, and a web site is no supplier (SPDX 2.3,
// section 7.5). What a distribution supplies its authors do not.
func (p Package) suppliedBy() string {
	switch p.Type {
	case typeDeb, typeApk, typeRPM, typePacman:
		return p.Maintainer
	}
	return cmp.Or(p.Maintainer, p.Originator)
}

// supplier makes an SPDX supplier of a maintainer field, nothing of none. Whether a name is a
// person's is not in the field: mailing lists and team names are organizations, and
// so is what says that it is.
func supplier(maintainer string) string {
	maintainer = strings.Join(strings.Fields(maintainer), " ")
	if maintainer == "" {
		return ""
	}
	maintainer, isOrganization := strings.CutPrefix(maintainer, organization)
	name, email := nameAndEmail(maintainer)
	if isOrganization {
		return party(organization, name, email)
	}
	kind := "Person: "
	has := func(s string) func(string) bool {
		return func(word string) bool { return strings.Contains(strings.ToLower(s), word) }
	}
	if slices.ContainsFunc([]string{"team", "maintainers", "developers", "group", "project", "packagers", "contributors", "community", " authors", "lists.", "@packages.", "@tracker."}, has(name+" "+email)) ||
		slices.ContainsFunc([]string{"foundation", ", inc", " inc.", " llc", " gmbh", " ltd", " corp", "linux", "centos"}, has(name)) { // rpm's vendors
		kind = organization
	}
	return party(kind, name, email)
}

// nameAndEmail of "NAME <EMAIL>"; the email may be missing.
func nameAndEmail(who string) (name, email string) {
	if i := strings.LastIndex(who, " <"); i > 0 && strings.HasSuffix(who, ">") {
		return strings.Trim(who[:i], `"`), who[i+2 : len(who)-1]
	}
	return who, ""
}

// party is how SPDX 2.3 names somebody (section 7.5): brackets at the end are an address, or
// the site that some packagers give instead. It is empty of a name that has nothing else.
func party(kind, name, email string) string {
	if word(email) && !strings.ContainsAny(email, "()") {
		return kind + name + " (" + email + ")"
	}
	if name = withoutBrackets(name); name == "" {
		return ""
	}
	return kind + name
}
