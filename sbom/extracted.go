package sbom

import "github.com/sworn-build/sworn/sbom/licence"

// ExtractedLicence is a licence that SPDX's list has not, with its text.
type ExtractedLicence = licence.Extracted

// licenceRef begins the id of each licence that is not SPDX's.
const licenceRef = licence.RefPrefix
