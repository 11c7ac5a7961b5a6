// Package schematest holds documents to the JSON schema of SPDX 3.0.1 in tests. The schema is
// no part of the repository: SWORN_SPDX3_SCHEMA names it, else it is looked for beside the
// repository.
package schematest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// lookahead is an engine for the schema's patterns, which have what Go's own lack.
type lookahead struct{ *regexp2.Regexp }

func (r lookahead) MatchString(s string) bool {
	ok, err := r.Regexp.MatchString(s)
	return ok && err == nil
}

// SPDX3File returns the bytes of the schema. The test is skipped without it. Top is the
// repository, relative to the test's package.
func SPDX3File(t testing.TB, top string) []byte {
	t.Helper()
	name := os.Getenv("SWORN_SPDX3_SCHEMA")
	if name == "" {
		name = filepath.Join(top, "..", "shared", "schemas", "spdx-3.0.1.schema.json")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("skipped: the schema of SPDX 3.0.1 is not at %s; SWORN_SPDX3_SCHEMA names another place", name)
	}
	return b
}

// SPDX3 is the schema of [SPDX3File], compiled.
func SPDX3(t testing.TB, top string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SPDX3File(t, top)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) {
		re, err := regexp2.Compile(s, regexp2.ECMAScript)
		return lookahead{re}, err
	})
	if err := c.AddResource("spdx3", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("spdx3")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
