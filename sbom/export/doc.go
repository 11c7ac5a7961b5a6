// Package export writes an SPDX 2.3 document in other formats: tag-value and CycloneDX 1.6.
// The same document gives the same bytes. What a format has no field for is left out or in
// its properties; the document itself stays the one to keep.
//
//	doc, err := export.Read(b)
//	err = export.TagValue(os.Stdout, doc)
package export

import (
	"encoding/json"
	"fmt"

	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/sworn-build/sworn/sbom/check"
)

// Document is an SPDX 2.3 document.
type Document = v2_3.Document

// Read reads an SPDX 2.3 document in JSON. It is an error when its fields are not all there
// and of their types; what else is wrong with it package check says.
func Read(b []byte) (*Document, error) {
	report := check.Document(b)
	for _, f := range report.Findings {
		switch f.Rule {
		case "json", "json-twice", "format", "spdx2-version", "spdx2-missing", "spdx2-type":
			return nil, fmt.Errorf("read SPDX 2.3 document: %s: %s: %s", f.Rule, f.Where[0].At, f.Where[0].Message)
		}
	}
	if report.Format != v2_3.Version {
		return nil, fmt.Errorf("read SPDX 2.3 document: it is %s", report.Format)
	}
	var doc Document
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("read SPDX 2.3 document: %w", err)
	}
	return &doc, nil
}
