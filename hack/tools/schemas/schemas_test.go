// Package schemas holds the SPDX 2.3 documents that Sworn writes to SPDX's own JSON schema,
// which the module of Syft carries. It is a module of its own because that is a download of
// many megabytes.
package schemas

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The module with the schema, and the checksum that its content must have.
const (
	module    = "github.com/anchore/syft@v1.57.0"
	moduleSum = "h1:H/UHtf0KbIlD12dXsfklFMjZ2+erj2an3h/jBHoX/zE="
	schema23  = "schema/spdx-json/spdx-schema-2.3.json"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Fatalf("download %s: %v: %s", module, err, out)
	}
	var m struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	if m.Sum != moduleSum {
		t.Fatalf("%s has the checksum %s, want %s", module, m.Sum, moduleSum)
	}
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(m.Dir, filepath.FromSlash(schema23)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDocumentsAreValid(t *testing.T) {
	s := schema(t)
	root := filepath.Join("..", "..", "..")
	files, err := filepath.Glob(filepath.Join(root, "sbom", "testdata", "documents", "*.spdx.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	for _, name := range append(files, filepath.Join(root, "cmd", "sworn-evidence", "testdata", "sbom.spdx.json")) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, b); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
		// A schema that takes everything would say nothing.
		for _, broken := range [][2]string{{`"DESCRIBES"`, `"DEPICTS"`}, {`"downloadLocation":`, `"downloadPlace":`}, {`"SHA256"`, `"SHA-256"`}} {
			b := bytes.Replace(b, []byte(broken[0]), []byte(broken[1]), 1)
			if validate(t, s, b) == nil {
				t.Errorf("%s with %s is valid as well", filepath.Base(name), broken[1])
			}
		}
	}
}

func validate(t *testing.T, s *jsonschema.Schema, b []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}
