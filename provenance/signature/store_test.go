package signature_test

import (
	"path/filepath"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/repository"
	"github.com/sworn-build/sworn/provenance/signature"
)

// stored is an image in a layout of its own.
type stored struct {
	*repository.Repository
	img  *imagetest.Image
	desc ocispec.Descriptor
}

func store(t *testing.T, o imagetest.Options) stored {
	t.Helper()
	img := imagetest.New(t, o)
	dir := filepath.Join(t.TempDir(), "layout")
	img.Write(t, dir, "1")
	ref, err := repository.Parse("oci:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := repository.Open(t.Context(), ref, repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	desc, err := repo.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return stored{repo, img, desc}
}

func key(t *testing.T) *envelope.Key {
	t.Helper()
	k, err := envelope.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (s stored) sign(t *testing.T, k *envelope.Key) signature.Signed {
	t.Helper()
	signed, err := signature.Sign(t.Context(), s, s.desc, k, signature.Options{Name: "host/app"})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (s stored) verify(t *testing.T, k *envelope.Key) signature.Verdict {
	t.Helper()
	v, err := signature.Verify(t.Context(), s, s.desc, k.Public(), signature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// attach signs a statement with the key and hangs it on a subject.
func (s stored) attach(t *testing.T, k *envelope.Key, on ocispec.Descriptor, st envelope.Statement) {
	t.Helper()
	b, err := envelope.Sign(t.Context(), k, st)
	if err != nil {
		t.Fatal(err)
	}
	a, err := referrers.New(on, b, st.PredicateType)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Attach(t.Context(), []referrers.Artifact{a}); err != nil {
		t.Fatal(err)
	}
}

// attached returns the statements of a platform.
func (s stored) attached(t *testing.T, platform int) []image.Attached {
	t.Helper()
	ix, err := image.ReadIndex(t.Context(), s, s.desc)
	if err != nil {
		t.Fatal(err)
	}
	out, err := image.ReadStatements(t.Context(), s, ix, ix.Platforms[platform])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func about(predicateType string, predicate []byte, subjects ...ocispec.Descriptor) envelope.Statement {
	st := envelope.Statement{PredicateType: predicateType, Predicate: predicate}
	for _, s := range subjects {
		st.Subject = append(st.Subject, envelope.SubjectOf("host/app", s.Digest))
	}
	return st
}
