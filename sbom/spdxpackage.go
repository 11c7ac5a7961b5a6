package sbom

import (
	"slices"
	"strings"
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
		Supplier:         supplier(p.Maintainer),
		DownloadLocation: noAssertion,
		LicenseConcluded: noAssertion,
		LicenseDeclared:  noAssertion,
		Copyright:        noAssertion,
		ExternalRefs:     purlRef(p.PURL),
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
	}
	return sp
}

// licences says what a package declares and what its texts say.
func (img Image) licences(p Package, sp *SPDXPackage) {
	switch {
	case p.Declared != "" && img.hasTexts(p.Declared):
		sp.LicenseDeclared = p.Declared
	case p.Licence != "" && knownLicence(p.Licence):
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

// idString keeps what an SPDX id may hold: letters, digits, "." and "-".
func idString(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '-':
			return r
		}
		return '-'
	}, s)
}

// supplier makes an SPDX supplier of a maintainer field. Whether a name is a
// person's is not in the field: mailing lists and team names are organizations.
func supplier(maintainer string) string {
	maintainer = strings.Join(strings.Fields(maintainer), " ")
	if maintainer == "" {
		return noAssertion
	}
	name, email := maintainer, ""
	if i := strings.LastIndex(maintainer, " <"); i > 0 && strings.HasSuffix(maintainer, ">") {
		name, email = strings.Trim(maintainer[:i], `"`), maintainer[i+2:len(maintainer)-1]
	}
	kind := "Person: "
	for _, word := range []string{"team", "maintainers", "developers", "group", "project", "packagers", "lists.", "@packages.", "@tracker."} {
		if strings.Contains(strings.ToLower(name+" "+email), word) {
			kind = "Organization: "
		}
	}
	if email != "" {
		return kind + name + " (" + email + ")"
	}
	return kind + name
}
