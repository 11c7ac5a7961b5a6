package check_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sworn-build/sworn/sbom/check"
)

// golden reads a document as the evidence tool made it.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "cmd", "sworn-evidence", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDocumentsOfSwornHaveNoFindings, warnings included.
func TestDocumentsOfSwornHaveNoFindings(t *testing.T) {
	for name, format := range map[string]string{"sbom.spdx.json": "SPDX-2.3", "sbom.spdx3.json": "SPDX-3.0.1"} {
		r := check.Document(golden(t, name))
		if r.Format != format || !r.Valid || len(r.Findings) > 0 || r.Components < 4 || r.Files == 0 || r.Relationships == 0 {
			b, _ := json.MarshalIndent(r, "", " ")
			t.Errorf("%s: %s", name, b)
		}
	}
}
