package referrers

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
)

var update = flag.Bool("update", false, "write golden files")

func subject(name string) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex, Digest: digest.FromString(name), Size: 7,
		Annotations: map[string]string{"not": "copied"}}
}

func artifact(t testing.TB, of, bundle string) Artifact {
	t.Helper()
	a, err := New(subject(of), []byte(bundle), "https://example.com/p/v1")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var w, g any
	if err := errors.Join(json.Unmarshal(want, &w), json.Unmarshal(got, &g)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func TestManifestIsTheOneCosignFinds(t *testing.T) {
	a := artifact(t, "index", "bundle")
	golden(t, "manifest.json", a.Manifest.Data)
	again := artifact(t, "index", "bundle")
	if diff := cmp.Diff(a, again); diff != "" {
		t.Errorf("not deterministic: %s", diff)
	}
	layer, err := Decode(a.Manifest.Data, a.Subject.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Blobs[1].Descriptor, layer); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := artifact(t, "index", "bundle")
	for _, tt := range []struct {
		name string
		edit func(*ocispec.Manifest)
		want string
		not  bool // ErrNotBundle
	}{
		{"other subject", func(m *ocispec.Manifest) { m.Subject.Digest = digest.FromString("x") }, "its subject is not sha256:", false},
		{"no subject", func(m *ocispec.Manifest) { m.Subject = nil }, "its subject is not sha256:", false},
		{"two layers", func(m *ocispec.Manifest) { m.Layers = append(m.Layers, m.Layers[0]) }, "", true},
		{"no layer", func(m *ocispec.Manifest) { m.Layers = nil }, "", true},
		{"other layer", func(m *ocispec.Manifest) { m.Layers[0].MediaType = "text/plain" }, "", true},
		{"large layer", func(m *ocispec.Manifest) { m.Layers[0].Size = envelope.MaxBundleBytes + 1 }, "more than", false},
		{"negative size", func(m *ocispec.Manifest) { m.Layers[0].Size = -1 }, "more than", false},
		{"bad digest", func(m *ocispec.Manifest) { m.Layers[0].Digest = "x" }, `bundle's digest "x"`, false},
	} {
		var m ocispec.Manifest
		if err := json.Unmarshal(good.Manifest.Data, &m); err != nil {
			t.Fatal(err)
		}
		tt.edit(&m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Decode(b, good.Subject.Digest)
		if err == nil || errors.Is(err, ErrNotBundle) != tt.not || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := Decode(make([]byte, MaxManifestBytes+1), good.Subject.Digest); err == nil {
		t.Error("too large, and taken")
	}
}

func TestMergeKeepsWhatIsThere(t *testing.T) {
	first, err := Merge(nil, []Artifact{artifact(t, "index", "a"), artifact(t, "index", "b"), artifact(t, "index", "a")})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "index.json", first.Data)
	second, err := Merge(first.Data, []Artifact{artifact(t, "index", "c"), artifact(t, "index", "b")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeIndex(second.Data)
	if err != nil {
		t.Fatal(err)
	}
	want := []ocispec.Descriptor{artifact(t, "index", "a").Manifest.Descriptor, artifact(t, "index", "b").Manifest.Descriptor, artifact(t, "index", "c").Manifest.Descriptor}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if none, err := Merge(second.Data, []Artifact{artifact(t, "index", "b")}); none != nil || err != nil {
		t.Errorf("merged what was there: %v %v", none, err)
	}
	for _, bad := range []string{"", "[]", `{"mediaType":"text/plain"}`, `{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"x"}]}`} {
		if _, err := Merge([]byte(bad), nil); err == nil {
			t.Errorf("merged into %q", bad)
		}
	}
}

func TestTag(t *testing.T) {
	d := digest.FromString("x")
	if got := Tag(d); got != "sha256-"+d.Encoded() {
		t.Error(got)
	}
}

func FuzzDecode(f *testing.F) {
	a := artifact(f, "index", "bundle")
	f.Add(a.Manifest.Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		layer, err := Decode(b, a.Subject.Digest)
		if err == nil && (layer.Digest.Validate() != nil || layer.Size < 0 || layer.Size > envelope.MaxBundleBytes) {
			t.Fatalf("layer %+v", layer)
		}
	})
}

func FuzzMerge(f *testing.F) {
	add := artifact(f, "index", "bundle")
	first, err := Merge(nil, []Artifact{artifact(f, "index", "a")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first.Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		merged, err := Merge(b, []Artifact{add})
		if err != nil || merged == nil {
			return
		}
		if again, err := Merge(merged.Data, []Artifact{add}); err != nil || again != nil {
			t.Fatalf("merged twice: %v", err)
		}
	})
}
