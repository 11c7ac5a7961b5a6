package provenance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sworn-build/sworn/provenance"
)

// golden reads a predicate as the evidence tool made it.
func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "cmd", "sworn-evidence", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{".."}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, "docs", "schemas", name)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{})
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, b []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestPredicatesFollowTheirSchemas(t *testing.T) {
	for _, c := range []struct{ schema, predicate string }{
		{"steps-v1.schema.json", "sworn-steps.json"},
		{"contents-v1.schema.json", "sworn-contents.json"},
	} {
		s, b := schema(t, c.schema), golden(t, c.predicate)
		if err := validate(t, s, b); err != nil {
			t.Errorf("%s: %v", c.predicate, err)
		}
		for _, edit := range [][2]string{
			{`{"platform"`, `{"more":1,"platform"`},
			{`"mode":"0755"`, `"mode":"755"`},
			{`"type":"file"`, `"type":"hardlink"`},
			{`"uid":0`, `"uid":-1`},
			{`"path":"/`, `"path":"`},
			{`"path":"/`, `"more":1,"path":"/`},
		} {
			bad := bytes.Replace(b, []byte(edit[0]), []byte(edit[1]), 1)
			if bytes.Equal(bad, b) {
				t.Errorf("%s: nothing to edit: %s", c.predicate, edit[0])
			} else if validate(t, s, bad) == nil {
				t.Errorf("%s: the schema takes %s", c.predicate, edit[1])
			}
		}
	}
}

// TestEveryFieldIsInSchemaAndDocs walks the types, so that a new field cannot be
// forgotten in either.
func TestEveryFieldIsInSchemaAndDocs(t *testing.T) {
	docs := string(read(t, "docs", "statements.md"))
	for _, c := range []struct {
		schema string
		of     any
	}{
		{"steps-v1.schema.json", provenance.Steps{}},
		{"contents-v1.schema.json", provenance.Contents{}},
	} {
		var s map[string]any
		if err := json.Unmarshal(read(t, "docs", "schemas", c.schema), &s); err != nil {
			t.Fatal(err)
		}
		walk := fieldWalk{t: t, root: s, docs: docs, name: c.schema}
		walk.check(reflect.TypeOf(c.of), s)
	}
}

type fieldWalk struct {
	t          *testing.T
	root       map[string]any
	docs, name string
}

// check compares a Go type with a schema, both ways.
func (w fieldWalk) check(typ reflect.Type, s map[string]any) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if ref, ok := s["$ref"].(string); ok {
		s = w.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	switch typ.Kind() {
	case reflect.Slice:
		items, ok := s["items"].(map[string]any)
		if !ok {
			w.t.Errorf("%s: %s: the schema has no items", w.name, typ)
			return
		}
		w.check(typ.Elem(), items)
	case reflect.Struct:
		props, _ := s["properties"].(map[string]any)
		if s["additionalProperties"] != false {
			w.t.Errorf("%s: %s: the schema takes other fields", w.name, typ)
		}
		seen := 0
		for _, field := range reflect.VisibleFields(typ) {
			if field.Anonymous {
				continue // its fields come on their own
			}
			tag, opts, _ := strings.Cut(field.Tag.Get("json"), ",")
			sub, ok := props[tag].(map[string]any)
			if !ok {
				w.t.Errorf("%s: %s.%s is not in the schema", w.name, typ, tag)
				continue
			}
			seen++
			if !strings.Contains(w.docs, "`"+tag+"`") {
				w.t.Errorf("docs/statements.md does not mention `%s` (%s)", tag, typ)
			}
			required := false
			list, _ := s["required"].([]any)
			for _, r := range list {
				required = required || r == tag
			}
			if required == strings.Contains(opts, "omitempty") {
				w.t.Errorf("%s: %s.%s: required is %t, omitempty the same", w.name, typ, tag, required)
			}
			w.check(field.Type, sub)
		}
		if seen != len(props) {
			w.t.Errorf("%s: %s has %d fields, the schema %d", w.name, typ, seen, len(props))
		}
	}
}
