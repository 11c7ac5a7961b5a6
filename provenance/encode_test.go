package provenance_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// TestPredicatesAreEncodedAsEncodingJSONDoes holds the forms to the types: a field that
// a form leaves out or misplaces is a difference.
func TestPredicatesAreEncodedAsEncodingJSONDoes(t *testing.T) {
	same := func(v any, b []byte, err error) bool {
		t.Helper()
		want, jsonErr := json.Marshal(v)
		if err != nil || jsonErr != nil {
			t.Fatal(err, jsonErr)
		}
		if diff := cmp.Diff(string(want)+"\n", string(b)); diff != "" {
			t.Errorf("encoded (-want +got):\n%s", diff)
		}
		return !t.Failed()
	}
	steps := func(s provenance.Steps) bool {
		b, err := provenance.EncodeSteps(s)
		return same(s, b, err)
	}
	contents := func(c provenance.Contents) bool {
		b, err := provenance.EncodeContents(c)
		return same(c, b, err)
	}
	odd := provenance.Contents{Files: []provenance.File{
		{Path: "/a\\\xff&", Digest: provenance.NewSHA256("&"), Step: "<\xff>"},
		{Digest: &provenance.SHA256{}, Package: new(int)},
	}}
	contents(odd)
	steps(provenance.Steps{Steps: []provenance.Step{{Name: `a"}}`, Inputs: &provenance.Inputs{}, Outputs: provenance.Outputs{Removed: []step.Path{"\xff"}}}}})
	for _, check := range []any{steps, contents} {
		if err := quick.Check(check, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestEncodeRefusesWhatBuildKitWould(t *testing.T) {
	_, err := provenance.EncodeContents(provenance.Contents{Platform: strings.Repeat("x", provenance.MaxPredicate)})
	if want := "encode predicate: 40894576 bytes, more than a statement may have (40894464)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
