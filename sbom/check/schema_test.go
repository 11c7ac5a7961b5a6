package check_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sworn-build/sworn/sbom/schematest"
)

// TestStructureIsAsTheSchemaSays: the sample that breaks no rule is valid by SPDX's schema,
// and what breaks a rule about classes and properties is not.
func TestStructureIsAsTheSchemaSays(t *testing.T) {
	s := schematest.SPDX3(t, "../..")
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
