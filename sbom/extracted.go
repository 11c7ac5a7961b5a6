package sbom

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// ExtractedLicence is a licence that SPDX's list has not, with its text (SPDX 2.3, section
// 10). The ID is of the name and the text, so that equal licences of two packages are one.
type ExtractedLicence struct {
	ID   string `json:"id"` // "LicenseRef-NAME-" and 20 digits of the text's sha256
	Name string `json:"name"`
	Text string `json:"text"`
}

// licenceRef begins the id of each licence that is not SPDX's.
const licenceRef = "LicenseRef-"

// extracted is a licence of a name, as metadata has it, and a text.
func extracted(name, text string) ExtractedLicence {
	sum := sha256.Sum256([]byte(text))
	return ExtractedLicence{ID: licenceRef + idString(name) + "-" + hex.EncodeToString(sum[:10]), Name: name, Text: text}
}

// tidyLicences sorts licences by ID and keeps each once.
func tidyLicences(ls []ExtractedLicence) []ExtractedLicence {
	slices.SortFunc(ls, func(a, b ExtractedLicence) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(ls, func(a, b ExtractedLicence) bool { return a.ID == b.ID })
}
