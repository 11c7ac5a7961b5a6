package check_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// TestWhatCannotBeReadIsSaidWithItsPlace: a document that is cut ends too early at its last
// byte, whatever value that is in, also within a character.
func TestWhatCannotBeReadIsSaidWithItsPlace(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "it is empty",
		"{":                       "byte 1: it ends too early",
		`{"packages":[{"name":"x`: "byte 23, in /packages/0/name: it ends too early",
		`{"packages":[{},{"na`:    "byte 20, in /packages/1: it ends too early",
		"{\"name\":\"\xe6\xbc":    "byte 11, in /name: it ends too early",
		"{\"name\":\"\xff\"}":     "byte 9: not UTF-8",
		`{"a":[1,,2]}`:            "byte 8, in /a/1: invalid character ',' looking for beginning of value",
		`{"a/b":{"c~":tru}}`:      "byte 13, in /a~1b/c~0: invalid character '}' in literal true (expecting 'e')",
		`{"a":1}x`:                "byte 7: something follows the document",
	} {
		r := check.Document([]byte(in))
		if len(r.Findings) != 1 || r.Findings[0].Rule != "json" || r.Findings[0].Where[0].Message != want {
			t.Errorf("%q: %+v, want %q", in, r.Findings, want)
		}
	}
	r := check.Document([]byte(`{"a":{"b":1,"b":2}}`))
	if want := `byte 15, in /a: the field "b" is there twice`; r.Findings[0].Rule != "json-twice" || r.Findings[0].Where[0].Message != want {
		t.Errorf("%+v, want %q", r.Findings, want)
	}
	whole := golden(t, "sbom.spdx.json")
	for n := range 1000 {
		r := check.Document(whole[:n])
		if m := r.Findings[0].Where[0].Message; n > 0 && !strings.HasPrefix(m, fmt.Sprintf("byte %d", n)) || !strings.HasSuffix(m, "it ends too early") && n > 0 {
			t.Fatalf("cut at %d: %s", n, m)
		}
	}
}

// TestArticlesAndPlurals: a message says "an array" and "1 file".
func TestArticlesAndPlurals(t *testing.T) {
	r := check.Document([]byte(`[]`))
	if m := r.Findings[0].Where[0].Message; !strings.HasSuffix(m, "(CycloneDX): an array") {
		t.Error(m)
	}
	r = check.Document([]byte(`{"spdxVersion":"SPDX-2.3","packages":{}}`))
	if b, _ := json.Marshal(r.Findings); !strings.Contains(string(b), `"an object, want an array"`) {
		t.Errorf("%s", b)
	}
}
