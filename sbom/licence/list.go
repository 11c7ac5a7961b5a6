package licence

import (
	"strings"

	"github.com/github/go-spdx/v2/spdxexp/spdxlicenses"
)

// Listed reports whether SPDX lists a licence id, deprecated ones included
// (https://spdx.org/licenses/). A "+" at the end, for later versions, is not part of it.
func Listed(id string) bool {
	if known(id) {
		return true
	}
	bare, later := strings.CutSuffix(id, "+")
	return later && known(bare)
}

func known(id string) bool {
	if ok, as := spdxlicenses.IsActiveLicense(id); ok {
		return as == id
	}
	ok, as := spdxlicenses.IsDeprecatedLicense(id)
	return ok && as == id
}

// ListedException reports whether SPDX lists an exception
// (https://spdx.org/licenses/exceptions-index.html).
func ListedException(id string) bool {
	ok, as := spdxlicenses.IsException(id)
	return ok && as == id
}
