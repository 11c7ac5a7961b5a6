package check_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// lookahead is an engine for the schema's patterns, which look ahead.
type lookahead struct{ *regexp2.Regexp }

func (r lookahead) MatchString(s string) bool {
	ok, err := r.Regexp.MatchString(s)
	return ok && err == nil
}

// schema3 is the JSON schema of SPDX 3.0.1, which is no part of the repository.
func schema3(t *testing.T) *jsonschema.Schema {
	t.Helper()
	name := os.Getenv("SWORN_SPDX3_SCHEMA")
	if name == "" {
		name = filepath.Join("..", "..", "..", "shared", "schemas", "spdx-3.0.1.schema.json")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("skipped: the schema of SPDX 3.0.1 is not at %s; SWORN_SPDX3_SCHEMA names another place", name)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
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

// TestStructureIsAsTheSchemaSays: the sample that breaks no rule is valid by SPDX's schema,
// and what breaks a rule about classes and properties is not.
func TestStructureIsAsTheSchemaSays(t *testing.T) {
	s := schema3(t)
	valid := func(b []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(v)
	}
	if err := valid(sample(t, v3)); err != nil {
		t.Error(err)
	}
	structure := []string{"spdx3-context", "spdx3-class", "spdx3-missing", "spdx3-type", "spdx3-unknown", "spdx3-id", "spdx3-date"}
	for _, b := range breaks() {
		if slices.Contains(structure, b.rule) && valid(bytes.ReplaceAll(sample(t, v3), []byte(b.old), []byte(b.new))) == nil {
			t.Errorf("the schema takes %s, which breaks %s", b.new, b.rule)
		}
	}
}
