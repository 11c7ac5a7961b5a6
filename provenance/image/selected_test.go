package image_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/imagetest"
)

// TestSelectedStatementsAloneAreRead, and one of another type than the manifest says is
// refused: nobody may hide a statement behind a name that is skipped.
func TestSelectedStatementsAloneAreRead(t *testing.T) {
	check := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	img := imagetest.New(t, imagetest.Options{Extra: []imagetest.Extra{{PredicateType: provenance.SPDXType, Predicate: map[string]any{}}}})
	ix, err := image.ReadIndex(t.Context(), serve(img), img.Index.Descriptor)
	check(t, err)
	p, store := ix.Platforms[0], serve(img)
	types := func(wanted func(string, int) bool) []string {
		attached, err := image.ReadSelected(t.Context(), store, ix, p, wanted)
		check(t, err)
		var out []string
		for _, a := range attached {
			out = append(out, a.Statement.PredicateType)
		}
		return out
	}
	first := func(kind string, nth int) bool { return kind == provenance.SPDXType && nth == 0 }
	if diff := cmp.Diff([]string{provenance.SPDXType}, types(first)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string(nil), types(func(string, int) bool { return false })); diff != "" {
		t.Error(diff)
	}
	// Of what is not wanted nothing is fetched.
	var m ocispec.Manifest
	check(t, json.Unmarshal(store[p.Attestation.Digest], &m))
	kept := store[m.Layers[0].Digest]
	delete(store, m.Layers[0].Digest)
	if diff := cmp.Diff([]string{provenance.SPDXType}, types(first)); diff != "" {
		t.Error(diff)
	}
	store[m.Layers[0].Digest] = kept
	named := m.Layers[0].Annotations["in-toto.io/predicate-type"]
	edit := func(kind string) error {
		if m.Layers[0].Annotations = nil; kind != "" {
			m.Layers[0].Annotations = map[string]string{"in-toto.io/predicate-type": kind}
		}
		b, err := json.Marshal(m)
		check(t, err)
		d := ocispec.Descriptor{MediaType: m.MediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
		store[d.Digest], p.Attestation = b, &d
		_, err = image.ReadSelected(t.Context(), store, ix, p, func(kind string, _ int) bool { return kind == provenance.SLSAv1Type })
		return err
	}
	if err := edit(provenance.SLSAv1Type); err == nil || !strings.Contains(err.Error(), "the attestation manifest says") {
		t.Errorf("another type: %v", err)
	}
	check(t, edit(named))
	if check(t, edit("")); !slices.Contains(types(first), named) {
		t.Error("a statement without a name is not read")
	}
}
