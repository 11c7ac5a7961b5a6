package build

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func TestMetadataIsJSON(t *testing.T) {
	r := &Result{response: map[string]string{
		"containerimage.digest":     "sha256:00",
		"containerimage.descriptor": base64.StdEncoding.EncodeToString([]byte(`{"size":7}`)),
		"image.name":                "abcd", // base64 of something, and no object
	}}
	b, err := r.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"containerimage.digest": "sha256:00", "containerimage.descriptor": map[string]any{"size": 7.0}, "image.name": "abcd"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("metadata (-want +got):\n%s", d)
	}
}

// TestWhatWasPushedIsSigned: by digest, once per repository, whatever the tags.
func TestWhatWasPushedIsSigned(t *testing.T) {
	r := mustPrepare(t, Options{Input: Input{Context: contextDir(t)}, Output: Output{
		Sign: true, Push: true, Tags: []string{"h:1/a:1", "h:1/a:2", "h:1/b"}, To: []string{"type=oci,tar=false,dest=lay"},
	}})
	got, err := r.toSign(&Result{response: map[string]string{"containerimage.digest": "sha256:00"}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"oci:lay", "h:1/a@sha256:00", "h:1/b@sha256:00"}, got); d != "" {
		t.Errorf("to sign (-want +got):\n%s", d)
	}
	if _, err := r.toSign(&Result{}); err == nil {
		t.Error("an unknown digest is signed")
	}
}

func TestIDs(t *testing.T) {
	response := map[string]string{"containerimage.digest": "d", "containerimage.config.digest": "c"}
	for want, outputs := range map[string][]output{"c": {{kind: "docker"}}, "d": {{kind: "image"}, {kind: "docker"}}} {
		if got := (&Result{response: response, outputs: outputs}).ID(); got != want {
			t.Errorf("%v: %s, want %s", outputs, got, want)
		}
	}
}
