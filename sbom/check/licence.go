package check

import (
	"fmt"
	"strings"

	"github.com/sworn-build/sworn/sbom/licence"
)

// licences says what is wrong with a licence expression, and which LicenseRefs it has.
func licences(s string) (refs []string, err error) {
	e, ok := licence.Parse(s)
	if !ok {
		return nil, fmt.Errorf("%q is no licence expression", s)
	}
	e.Each(func(e licence.Expression) bool {
		switch {
		case isLicenceRef(e.ID):
			refs = append(refs, e.ID)
		case !licence.Listed(e.ID):
			err = fmt.Errorf("SPDX lists no licence %q", e.ID)
		}
		if e.Exception != "" && !licence.ListedException(e.Exception) && !strings.HasPrefix(e.Exception, "AdditionRef-") {
			err = fmt.Errorf("SPDX lists no exception %q", e.Exception)
		}
		return true
	})
	return refs, err
}

// isLicenceRef reports whether an id is of a licence that SPDX does not list, of this or
// of another document.
func isLicenceRef(id string) bool {
	if document, rest, other := strings.Cut(id, ":"); other {
		name, ok := strings.CutPrefix(document, "DocumentRef-")
		if !ok || !idString(name) {
			return false
		}
		id = rest
	}
	name, ok := strings.CutPrefix(id, "LicenseRef-")
	return ok && idString(name)
}
