package base

import (
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/provenance/trust"
)

// FuzzCheck puts a chain together from any four documents, each under its own digest.
// None is taken, for the key that is trusted has signed nothing.
func FuzzCheck(f *testing.F) {
	s := newSigned(f)
	c := s.chain(f)
	signature := c.Blobs[c.SignatureManifests[0]].Data
	f.Add(c.Blobs[c.Root].Data, c.Blobs[c.AttestationManifest].Data, signature, s.statement)
	s = newSigned(f)
	s.attestation.Subject = nil
	c = s.chain(f)
	f.Add(c.Blobs[c.Root].Data, c.Blobs[c.AttestationManifest].Data, signature, s.statement)
	a := anchors(f, newSigned(f).key)
	f.Fuzz(func(t *testing.T, index, attestation, signature, statement []byte) {
		c := &sourceresolver.AttestationChain{Blobs: map[digest.Digest]sourceresolver.Blob{}}
		put := func(b []byte) digest.Digest {
			d := digest.FromBytes(b)
			c.Blobs[d] = sourceresolver.Blob{Data: b}
			return d
		}
		c.Root, c.AttestationManifest = put(index), put(attestation)
		c.SignatureManifests = []digest.Digest{put(signature)}
		put(statement)
		if ix, err := parseIndex(index); err == nil {
			if m, err := choose(ix, amd64); err == nil {
				c.ImageManifest = m.Digest
			}
		}
		StatementWanted(c)
		if v, err := Check(c, c.Root, amd64, a); err == nil {
			t.Fatalf("taken: %+v", v)
		}
		if _, err := Check(c, c.Root, amd64, trust.Anchors{}); err == nil {
			t.Fatal("taken with nobody trusted")
		}
	})
}
