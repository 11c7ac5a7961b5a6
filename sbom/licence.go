package sbom

import (
	"slices"
	"strings"

	"github.com/sworn-build/sworn/sbom/licence"
)

// knownLicence reports whether s is an SPDX licence expression made of
// identifiers that distributions' packages use. Anything else is quoted in a
// comment, not declared: an identifier that SPDX does not know would make the
// document invalid.
func knownLicence(s string) bool {
	e, ok := licence.Parse(s)
	return ok && e.Each(func(e licence.Expression) bool {
		return licence.Listed(e.ID) && (e.Exception == "" || licence.ListedException(e.Exception))
	})
}

// ListedLicence reports whether nobody can have a package without one of some licences,
// which listed knows by their ids, alone or as `ID WITH EXCEPTION`. Of "A OR B" either
// will do, of "A AND B" both are needed. In a text that is no SPDX expression, any
// word that is listed counts.
func ListedLicence(text string, listed func(id string) bool) bool {
	e, ok := licence.Parse(text)
	if !ok {
		return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;/|()&\t\n", r) }), listed)
	}
	return e.Needs(listed)
}
