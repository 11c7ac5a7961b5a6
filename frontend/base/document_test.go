package base

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/step"
)

// carrying is an image with statements of some types.
func carrying(t testing.TB, types ...string) *signed {
	s := newSigned(t)
	for i, typ := range types {
		l := describe(sigstore.PayloadType, fmt.Append(nil, i))
		l.Annotations = map[string]string{predicateTypeAnnotation: typ}
		s.attestation.Layers = append(s.attestation.Layers, l)
	}
	return s
}

func TestDocumentsOfAnImageAreThoseOfItsAttestationManifest(t *testing.T) {
	s := carrying(t, provenance.SLSAv1Type, provenance.SPDXType, provenance.SPDX3Type, provenance.SPDXType)
	c := s.chain(t)
	c.SignatureManifests = nil // whether it is signed does not matter
	got, err := Documents(c, c.Root, amd64)
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for _, d := range got {
		digests = append(digests, d.Annotations[predicateTypeAnnotation]+" "+d.Digest.String())
	}
	var want []string
	for _, l := range s.attestation.Layers {
		if typ := l.Annotations[predicateTypeAnnotation]; typ == provenance.SPDXType || typ == provenance.SPDX3Type {
			want = append(want, typ+" "+l.Digest.String())
		}
	}
	if d := cmp.Diff(want, digests); d != "" || len(want) != 3 {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestImagesWithoutDocumentsSayWhy(t *testing.T) {
	c := carrying(t, provenance.SLSAv1Type).chain(t)
	for name, tt := range map[string]struct {
		run  func() ([]ocispecs.Descriptor, error)
		want string
	}{
		"no index":         {func() ([]ocispecs.Descriptor, error) { return Documents(nil, c.Root, amd64) }, "it is no OCI index"},
		"no document":      {func() ([]ocispecs.Descriptor, error) { return Documents(c, c.Root, amd64) }, "none of its attestations is an SPDX document"},
		"another platform": {func() ([]ocispecs.Descriptor, error) { return Documents(c, c.Root, arm64) }, "the builder takes"},
		"another index":    {func() ([]ocispecs.Descriptor, error) { return Documents(c, c.ImageManifest, amd64) }, "the build is held to"},
	} {
		if _, err := tt.run(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// documentOf is a statement and its descriptor.
func documentOf(predicateType, predicate string) (ocispecs.Descriptor, []byte) {
	b := []byte(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"` + predicateType + `","predicate":` + predicate + `}`)
	d := describe(sigstore.PayloadType, b)
	d.Annotations = map[string]string{predicateTypeAnnotation: predicateType}
	return d, b
}

func TestDocumentsAreReadByDigest(t *testing.T) {
	sum := func(b string) map[string]string {
		s := sha256.Sum256([]byte(b))
		return map[string]string{"sha256": hex.EncodeToString(s[:])}
	}
	const two, three = `{ "documentNamespace":"https://d.test/2" }`, `{"@graph":[{"type":"Tool","spdxId":"x:y"},{"type":"SpdxDocument","spdxId":"https://d.test/3#D"}]}`
	for predicate, want := range map[string]step.Document{
		two: {PredicateType: provenance.SPDXType, Namespace: "https://d.test/2"}, three: {PredicateType: provenance.SPDX3Type, Namespace: "https://d.test/3#D"},
	} {
		d, b := documentOf(want.PredicateType, predicate)
		want.Digest, want.Statement = sum(predicate), sum(string(b))
		got, err := ReadDocument(d, b)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := ReadDocument(d, append(b, ' ')); err == nil || !strings.Contains(err.Error(), "has the digest") {
			t.Errorf("another statement: %v", err)
		}
	}
	for _, predicate := range []string{`{}`, `{"documentNamespace":"no uri"}`, `{"documentNamespace":"https://d.test/\u001b"}`, `{"documentNamespace":"https://d.test/` + strings.Repeat("x", 1025) + `"}`, `{"documentNamespace":1}`, `[]`} {
		d, b := documentOf(provenance.SPDXType, predicate)
		if got, err := ReadDocument(d, b); err == nil {
			t.Errorf("%s: %+v", predicate, got)
		}
	}
}

// FuzzReadDocument: what is read has a name that can be referred to.
func FuzzReadDocument(f *testing.F) {
	_, b := documentOf(provenance.SPDXType, `{"documentNamespace":"https://d.test/2"}`)
	f.Add(b)
	_, b = documentOf(provenance.SPDX3Type, `{"@graph":[{"type":"SpdxDocument","spdxId":"https://d.test/3#D"}]}`)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := ReadDocument(describe(sigstore.PayloadType, b), b)
		if err == nil && (doc.Namespace == "" || len(doc.Digest["sha256"]) != 64) {
			t.Errorf("%+v", doc)
		}
	})
}
