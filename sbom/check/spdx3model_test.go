package check

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom/schematest"
)

var update = flag.Bool("update", false, "write the golden files of this package")

// TestModelIsThatOfTheSchema: the classes that documents are checked against are those of
// SPDX's own schema, with all their properties.
func TestModelIsThatOfTheSchema(t *testing.T) {
	var schema struct {
		Defs map[string]definition `json:"$defs"`
	}
	if err := json.Unmarshal(schematest.SPDX3File(t, "../.."), &schema); err != nil {
		t.Fatal(err)
	}
	want := modelText(t, schema.Defs)
	if *update {
		if err := os.WriteFile("spdx3model.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, model3Text); diff != "" {
		t.Errorf("model (-schema +ours), -update writes it:\n%s", diff)
	}
}

// definition is what the schema's generator uses of JSON Schema.
type definition struct {
	Ref        string                     `json:"$ref"`
	Type       json.RawMessage            `json:"type"`
	Pattern    string                     `json:"pattern"`
	Enum       []string                   `json:"enum"`
	Minimum    *int                       `json:"minimum"`
	MinItems   int                        `json:"minItems"`
	AllOf      []definition               `json:"allOf"`
	OneOf      []definition               `json:"oneOf"`
	Items      *definition                `json:"items"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
}

// modelText writes the model of a schema.
func modelText(t *testing.T, defs map[string]definition) string {
	var out strings.Builder
	for _, name := range sortedKeys(defs) {
		class, ok := strings.CutSuffix(name, "_props")
		if !ok || class == "extension_Extension" {
			continue
		}
		parts := defs[name].AllOf
		parent := strings.TrimSuffix(strings.TrimPrefix(parts[0].Ref, "#/$defs/"), "_props")
		if len(parts[1].Properties) == 0 && parent == "SHACLClass" {
			continue // a list of words
		}
		out.WriteString(class)
		if parent != "SHACLClass" {
			out.WriteString(" < " + parent)
		}
		if _, concrete := defs[class]; !concrete {
			out.WriteString(" abstract")
		}
		out.WriteByte('\n')
		for _, p := range sortedKeys(parts[1].Properties) {
			var d definition
			if err := json.Unmarshal(parts[1].Properties[p], &d); err != nil {
				t.Fatal(err)
			}
			need := ""
			if slices.Contains(parts[1].Required, p) {
				need = "!"
			}
			list := ""
			if len(d.OneOf) == 1 && d.OneOf[0].Items != nil {
				list, d = "[]", *d.OneOf[0].Items
			}
			fmt.Fprintf(&out, "\t%s%s %s%s\n", p, need, list, valueText(t, defs, d))
		}
	}
	return out.String()
}

func valueText(t *testing.T, defs map[string]definition, d definition) string {
	name := strings.TrimPrefix(d.Ref, "#/$defs/")
	if class, ok := strings.CutSuffix(name, "_derived"); ok {
		return "@" + class
	}
	if name == "anyURI" {
		return "uri"
	}
	if name != "" {
		return valueText(t, defs, defs[name])
	}
	switch text := string(d.Type); {
	case len(d.Enum) > 0:
		return strings.Join(d.Enum, "|")
	case len(d.AllOf) > 0:
		return "date"
	case strings.HasPrefix(d.Pattern, "^(0|"):
		return "semver"
	case d.Pattern != "":
		return "text" // media types
	case len(d.OneOf) > 0:
		return "decimal"
	case text == `"string"`, text == `"boolean"`, text == `"integer"`:
		return strings.Trim(text, `"`)
	}
	t.Fatalf("a property of an unknown type: %+v", d)
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
