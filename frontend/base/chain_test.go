package base

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step"
)

var (
	amd64   = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	arm64   = ocispecs.Platform{OS: "linux", Architecture: "arm64"}
	nothing = &ocispecs.Platform{OS: "unknown", Architecture: "unknown"}
)

// signed is an image with signed attestations, part by part: a test changes one before
// the chain is put together.
type signed struct {
	key         *envelope.Key
	signWith    *envelope.Key
	image       ocispecs.Descriptor
	statement   []byte
	attestation ocispecs.Manifest
	of          digest.Digest // what the signature is over; empty: the attestation manifest
	signature   ocispecs.Manifest
	index       ocispecs.Index
}

func newSigned(t testing.TB) *signed {
	t.Helper()
	k, err := envelope.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &signed{key: k, signWith: k}
	s.image = describe(ocispecs.MediaTypeImageManifest, []byte("image manifest"))
	s.image.Platform = &amd64
	s.statement = []byte(`{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v1","subject":[{"name":"x","digest":{"sha256":"` + s.image.Digest.Encoded() + `"}}],"predicate":{}}`)
	s.attestation = ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest,
		Subject: &ocispecs.Descriptor{MediaType: s.image.MediaType, Digest: s.image.Digest, Size: s.image.Size},
	}
	s.signature = ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest, ArtifactType: sigstore.BundleMediaType,
	}
	other := describe(ocispecs.MediaTypeImageManifest, []byte("another platform"))
	other.Platform = &arm64
	s.index = ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex, Manifests: []ocispecs.Descriptor{other}}
	return s
}

func describe(mediaType string, b []byte) ocispecs.Descriptor {
	return ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// chain puts the parts together as BuildKit hands them over.
func (s *signed) chain(t testing.TB) *sourceresolver.AttestationChain {
	t.Helper()
	c := &sourceresolver.AttestationChain{Blobs: map[digest.Digest]sourceresolver.Blob{}, ImageManifest: s.image.Digest}
	put := func(mediaType string, b []byte) ocispecs.Descriptor {
		d := describe(mediaType, b)
		c.Blobs[d.Digest] = sourceresolver.Blob{Descriptor: d, Data: b}
		return d
	}
	layer := describe(sigstore.PayloadType, s.statement)
	if s.attestation.Subject == nil {
		layer = put(sigstore.PayloadType, s.statement)
	}
	layer.Annotations = map[string]string{predicateTypeAnnotation: "https://slsa.dev/provenance/v1"}
	s.attestation.Layers = append(s.attestation.Layers, layer)
	att := put(ocispecs.MediaTypeImageManifest, encode(t, s.attestation))
	c.AttestationManifest = att.Digest
	if s.of == "" {
		s.of = att.Digest
	}
	b, err := envelope.Sign(t.Context(), s.signWith, envelope.Statement{
		PredicateType: trust.SignType, Predicate: []byte("{}"), Subject: []envelope.Subject{envelope.SubjectOf("x", s.of)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.signature.Layers = append(s.signature.Layers, put(sigstore.BundleMediaType, b))
	if s.signature.Subject == nil {
		s.signature.Subject = &att
	}
	c.SignatureManifests = []digest.Digest{put(ocispecs.MediaTypeImageManifest, encode(t, s.signature)).Digest}
	att.Platform = nothing
	att.Annotations = map[string]string{refTypeAnnotation: attestationManifest, refDigestAnnotation: s.image.Digest.String()}
	s.index.Manifests = append(s.index.Manifests, s.image, att)
	c.Root = put(ocispecs.MediaTypeImageIndex, encode(t, s.index)).Digest
	return c
}

func anchors(t testing.TB, k *envelope.Key) trust.Anchors {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pub")
	if err := os.WriteFile(file, k.Public().PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := trust.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestASignedImageIsTaken(t *testing.T) {
	for name, change := range map[string]func(*signed){
		"with a subject":                  func(*signed) {},
		"with a statement for a subject":  func(s *signed) { s.attestation.Subject = nil },
		"other variants of its platform":  func(s *signed) { s.index.Manifests = append(s.index.Manifests, variant("v3")) },
		"another platform's attestations": func(s *signed) { s.index.Manifests = append(s.index.Manifests, attestationOf("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSigned(t)
			change(s)
			c := s.chain(t)
			got, err := Check(c, c.Root, amd64, anchors(t, s.key))
			if err != nil {
				t.Fatal(err)
			}
			want := &step.Verified{
				Key: s.key.Public().Fingerprint(), Attestations: map[string]string{"sha256": c.AttestationManifest.Encoded()},
				PredicateTypes: []string{"https://slsa.dev/provenance/v1"},
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			wanted := ""
			if s.attestation.Subject == nil {
				wanted = "https://slsa.dev/provenance/v1"
			}
			if got := StatementWanted(c); got != wanted {
				t.Errorf("statement wanted: %q, want %q", got, wanted)
			}
		})
	}
}

func variant(v string) ocispecs.Descriptor {
	d := describe(ocispecs.MediaTypeImageManifest, []byte("amd64/"+v))
	d.Platform = &ocispecs.Platform{OS: "linux", Architecture: "amd64", Variant: v}
	return d
}

func attestationOf(of string) ocispecs.Descriptor {
	d := describe(ocispecs.MediaTypeImageManifest, []byte("attestations of "+of))
	d.Platform = nothing
	d.Annotations = map[string]string{refTypeAnnotation: attestationManifest, refDigestAnnotation: digest.FromString(of).String()}
	return d
}

// TestEveryLinkCounts: each link of the chain wrong, once before it is put together and
// signed, as who makes an image could, and once after, as a registry or builder could.
func TestEveryLinkCounts(t *testing.T) {
	evil := describe(ocispecs.MediaTypeImageManifest, []byte("evil"))
	evil.Platform = &amd64
	for _, c := range []struct {
		name   string
		before func(*testing.T, *signed)
		want   string
	}{
		{"signed with another key", func(t *testing.T, s *signed) { s.signWith = newSigned(t).key }, "is signed by nobody who is trusted here (key sha256:"},
		{"a signature over the image", func(_ *testing.T, s *signed) { s.of = s.image.Digest }, "is signed by nobody who is trusted"},
		{"the attestations of another image", func(_ *testing.T, s *signed) { s.attestation.Subject.Digest = evil.Digest }, "its subject is \"" + evil.Digest.String()},
		{"a subject of another size", func(_ *testing.T, s *signed) { s.attestation.Subject.Size++ }, "it says that "},
		{"no subject and a statement about another image", func(_ *testing.T, s *signed) {
			s.attestation.Subject = nil
			s.statement = bytes.Replace(s.statement, []byte(s.image.Digest.Encoded()), []byte(evil.Digest.Encoded()), 1)
		}, "is not about"},
		{"no subject and a statement that says two things", func(_ *testing.T, s *signed) {
			s.attestation.Subject = nil
			s.statement = bytes.Replace(s.statement, []byte(`"predicate":{}`), []byte(`"predicate":{},"subject":[]`), 1)
		}, "twice"},
		{"a signature of another manifest", func(_ *testing.T, s *signed) { s.signature.Subject = &evil }, "its subject is \"" + evil.Digest.String()},
		{"two layers of signatures", func(_ *testing.T, s *signed) {
			s.signature.Layers = append(s.signature.Layers, describe(sigstore.BundleMediaType, []byte("x")))
		}, "holds no Sigstore bundle"},
		{"two manifests for the platform", func(_ *testing.T, s *signed) { s.index.Manifests = append(s.index.Manifests, evil) }, "two manifests for linux/amd64"},
		{"a manifest without a platform", func(_ *testing.T, s *signed) {
			d := evil
			d.Platform = nil
			s.index.Manifests = append(s.index.Manifests, d)
		}, "names no platform"},
		{"an index in the index", func(_ *testing.T, s *signed) {
			s.index.Manifests = append(s.index.Manifests, describe(ocispecs.MediaTypeImageIndex, []byte("evil")))
		}, "has media type"},
		{"attestations that could be taken for an image", func(_ *testing.T, s *signed) {
			d := attestationOf("x")
			d.Platform = &amd64
			s.index.Manifests = append(s.index.Manifests, d)
		}, "could be taken for an image"},
		{"two attestation manifests", func(_ *testing.T, s *signed) {
			s.index.Manifests = append(s.index.Manifests, attestationOf("image manifest"))
		}, "lists 2 attestation manifests"},
		{"many manifests", func(_ *testing.T, s *signed) {
			s.index.Manifests = slices.Repeat(s.index.Manifests, maxManifests)
		}, "more than 1000"},
		{"an index that is no index", func(_ *testing.T, s *signed) {
			s.index.MediaType = "application/vnd.docker.distribution.manifest.list.v2+json"
		}, "want " + ocispecs.MediaTypeImageIndex},
		{"another media type of the attestation manifest", func(_ *testing.T, s *signed) { s.attestation.MediaType = ocispecs.MediaTypeImageIndex }, "media type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSigned(t)
			c.before(t, s)
			chain := s.chain(t)
			refused(t, chain, chain.Root, amd64, anchors(t, s.key), c.want)
		})
	}
}

func TestNothingThatABuilderSaysIsBelieved(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(*testing.T, *sourceresolver.AttestationChain)
		want  string
	}{
		{"another root", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.Root = digest.FromString("x") }, "the build is held to"},
		{"another image", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.ImageManifest = digest.FromString("x") }, "its index has"},
		{"no image", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.ImageManifest = "" }, "its index has"},
		{"another attestation manifest", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.AttestationManifest = c.Root }, "its index has"},
		{"no attestation manifest", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.AttestationManifest = "" }, "its index has"},
		{"no signature", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.SignatureManifests = nil }, "has no signature; sign it (sworn sign"},
		{"two signatures", func(_ *testing.T, c *sourceresolver.AttestationChain) {
			c.SignatureManifests = append(c.SignatureManifests, c.Root)
		}, "2 signatures"},
		{"a signature that is the index", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.SignatureManifests[0] = c.Root }, "of another kind of document"},
		{"a digest that is none", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.SignatureManifests[0] = "sha256:../../etc" }, "is no SHA-256"},
		{"a weaker digest", func(_ *testing.T, c *sourceresolver.AttestationChain) {
			c.SignatureManifests[0] = digest.Digest("md5:" + strings.Repeat("0", 32))
		}, "is no SHA-256"},
		{"no blobs", func(_ *testing.T, c *sourceresolver.AttestationChain) { c.Blobs = nil }, "did not read its index"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSigned(t)
			chain := s.chain(t)
			root := chain.Root
			c.after(t, chain)
			refused(t, chain, root, amd64, anchors(t, s.key), c.want)
		})
	}
}

// TestEveryBlobIsHashed: missing, empty, nil as after BuildKit's own check of digests has
// failed, another one's, changed by a byte, or larger than any.
func TestEveryBlobIsHashed(t *testing.T) {
	s := newSigned(t)
	s.attestation.Subject = nil // so that the statement is read
	chain := s.chain(t)
	a := anchors(t, s.key)
	if len(chain.Blobs) != 5 {
		t.Fatalf("%d blobs, want index, attestation manifest, statement, signature manifest, bundle", len(chain.Blobs))
	}
	for d, b := range chain.Blobs {
		for name, data := range map[string][]byte{
			"nil": nil, "empty": {}, "another": []byte("{}"), "changed": append(bytes.Clone(b.Data[:len(b.Data)-1]), '\t'),
			"longer": append(bytes.Clone(b.Data), ' '), "huge": bytes.Repeat([]byte(" "), maxStatementBytes+1),
		} {
			chain.Blobs[d] = sourceresolver.Blob{Descriptor: b.Descriptor, Data: data}
			if _, err := Check(chain, chain.Root, amd64, a); err == nil {
				t.Errorf("%s for %.40q was taken", name, b.Data)
			}
		}
		delete(chain.Blobs, d)
		if _, err := Check(chain, chain.Root, amd64, a); err == nil {
			t.Errorf("taken without %.40q", b.Data)
		}
		chain.Blobs[d] = b
	}
	if _, err := Check(chain, chain.Root, amd64, a); err != nil {
		t.Error(err)
	}
}

func TestOtherPlatforms(t *testing.T) {
	s := newSigned(t)
	chain := s.chain(t)
	a := anchors(t, s.key)
	refused(t, chain, chain.Root, ocispecs.Platform{OS: "linux", Architecture: "s390x"}, a, "no manifest for linux/s390x")
	refused(t, chain, chain.Root, arm64, a, "for linux/arm64, its index has")
	chain.ImageManifest = digest.FromString("another platform")
	refused(t, chain, chain.Root, arm64, a, "lists no attestation manifest for it; build it with attestations")
}

func TestWithoutATrustedSignerNothingIsTaken(t *testing.T) {
	s := newSigned(t)
	chain := s.chain(t)
	refused(t, chain, chain.Root, amd64, trust.Anchors{}, "no key is trusted")
	refused(t, nil, chain.Root, amd64, anchors(t, s.key), "it is no OCI index, so it has no attestations; build it")
}

func refused(t *testing.T, c *sourceresolver.AttestationChain, pinned digest.Digest, p ocispecs.Platform, a trust.Anchors, want string) {
	t.Helper()
	got, err := Check(c, pinned, p, a)
	var r *Refusal
	if !errors.As(err, &r) || got != nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, %v; want a refusal with %q", got, err, want)
	}
}

func TestIsIndex(t *testing.T) {
	s := newSigned(t)
	chain := s.chain(t)
	index := chain.Blobs[chain.Root].Data
	for _, c := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"index", index, true},
		{"manifest", chain.Blobs[chain.AttestationManifest].Data, false},
		{"docker's list", bytes.Replace(index, []byte(ocispecs.MediaTypeImageIndex), []byte("application/vnd.docker.distribution.manifest.list.v2+json"), 1), false},
		{"no media type", bytes.Replace(index, []byte(`"mediaType":"`+ocispecs.MediaTypeImageIndex+`",`), nil, 1), false},
		{"two media types", bytes.Replace(index, []byte(`"manifests"`), []byte(`"MediaType":"x","manifests"`), 1), false},
		{"layers too", bytes.Replace(index, []byte(`"manifests"`), []byte(`"layers":[],"manifests"`), 1), false},
		{"empty", nil, false},
		{"cut off", index[:len(index)-1], false},
	} {
		if got := IsIndex(c.b); got != c.want {
			t.Errorf("%s: %t, want %t", c.name, got, c.want)
		}
	}
}
