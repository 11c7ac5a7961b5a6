package sbom_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/sworn-build/sworn/sbom"
)

var update = flag.Bool("update", false, "write the golden files of this package")

// TestDocumentsAreAsTheyWere keeps whole documents: hack/tools/schemas holds those of SPDX 2.3
// to SPDX's own schema.
func TestDocumentsAreAsTheyWere(t *testing.T) {
	parts, parts3 := split(t, sbom.EncodeDocuments), split(t, sbom.EncodeDocuments3)
	for name, b := range map[string][]byte{
		"built.spdx.json": document(t, built()), "built.spdx3.json": document3(t, built()),
		"parts.spdx.json": parts.Main, "parts-files-1.spdx.json": parts.Parts[0],
		"parts.spdx3.json": parts3.Main, "parts-files-1.spdx3.json": parts3.Parts[0],
	} {
		file := filepath.Join("testdata", "documents", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimSuffix(want, []byte("\n")), b) {
			t.Errorf("%s is another one than before; go test ./sbom -update writes what it is now", name)
		}
	}
}
