package signature_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/provenance/trust"
)

// TestAttestationManifestsAreSignedForBuilds: one referrer each, in the form and over the
// bytes that a builder verifies.
func TestAttestationManifestsAreSignedForBuilds(t *testing.T) {
	s := store(t, imagetest.Options{Platforms: []string{"linux/amd64", "linux/arm64"}})
	k := key(t)
	signed := s.sign(t, k)
	ix, err := image.ReadIndex(t.Context(), s, s.desc)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pub")
	if err := os.WriteFile(file, k.Public().PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	anchors, err := trust.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range ix.Platforms {
		list, err := s.Referrers(t.Context(), *p.Attestation)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || list[0].ArtifactType != sigstore.BundleMediaType || list[0].Digest != signed.Platforms[i].Attestations.Digest {
			t.Fatalf("referrers %+v, want %+v", list, signed.Platforms[i].Attestations)
		}
		manifest, err := image.Read(t.Context(), s, *p.Attestation, "manifest", image.MaxManifestBytes)
		if err != nil {
			t.Fatal(err)
		}
		b, err := image.Read(t.Context(), s, list[0], "referrer", referrers.MaxManifestBytes)
		if err != nil {
			t.Fatal(err)
		}
		layer, err := referrers.Decode(b, p.Attestation.Digest)
		if err != nil {
			t.Fatal(err)
		}
		bundle, err := image.Read(t.Context(), s, layer, "bundle", trust.MaxBundleBytes)
		if err != nil {
			t.Fatal(err)
		}
		by, err := anchors.Verify(bundle, manifest)
		if d := cmp.Diff(trust.Signer{Key: k.Public().Fingerprint()}, by); err != nil || d != "" {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
}

// TestOtherStatementsDoNotSignAManifest: neither another key's signature nor a statement
// that says something about it.
func TestOtherStatementsDoNotSignAManifest(t *testing.T) {
	s := store(t, imagetest.Options{})
	k, other := key(t), key(t)
	ix, err := image.ReadIndex(t.Context(), s, s.desc)
	if err != nil {
		t.Fatal(err)
	}
	on := *ix.Platforms[0].Attestation
	s.attach(t, other, on, about(trust.SignType, []byte("{}"), on))
	s.attach(t, k, on, about("https://example.com/vulnerable", []byte("{}"), on))
	s.attach(t, k, on, about(trust.SignType, []byte("{}"), s.desc))
	for _, a := range s.attached(t, 0) {
		s.attach(t, k, s.desc, about(a.Statement.PredicateType, a.Statement.Predicate, s.desc, s.img.Platforms[0]))
		s.attach(t, k, s.img.Platforms[0], about(a.Statement.PredicateType, a.Statement.Predicate, s.desc, s.img.Platforms[0]))
	}
	v := s.verify(t, k)
	if !v.Pass || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "the attestation manifest "+on.Digest.String()+" itself is not signed") {
		t.Errorf("pass %t, warnings %q", v.Pass, v.Warnings)
	}
	if signed := s.sign(t, k); signed.New() != 1 || signed.Platforms[0].Attestations.Existing {
		t.Errorf("%d signed, %+v", signed.New(), signed.Platforms[0].Attestations)
	}
	if v := s.verify(t, k); !v.Pass || len(v.Warnings) != 0 {
		t.Errorf("pass %t, warnings %q", v.Pass, v.Warnings)
	}
}
