package base

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/step"
)

// MaxDocumentBytes bounds a statement with an SPDX document: BuildKit attaches none that is
// longer.
const MaxDocumentBytes = 41 << 20

// Documents lists the statements with SPDX documents of an image, signed or not, in the
// order in which they are attached; the first is that of the image. pinned is the digest
// that the build is held to, chain what the builder says of it; every digest is verified.
//
// Errors: [Refusal], when the image has no attestations.
func Documents(chain *sourceresolver.AttestationChain, pinned digest.Digest, platform ocispecs.Platform) ([]ocispecs.Descriptor, error) {
	if chain == nil {
		return nil, refusef("it is no OCI index, so it has no attestations")
	}
	c := checking{chain}
	_, attestation, err := c.index(pinned, platform)
	if err != nil {
		return nil, err
	}
	b, err := c.blob("attestation manifest", attestation.Digest, MaxManifestBytes)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return nil, refusef("its attestation manifest %s: %v", attestation.Digest, err)
	}
	var out []ocispecs.Descriptor
	for _, l := range m.Layers {
		switch l.Annotations[predicateTypeAnnotation] {
		case provenance.SPDXType, provenance.SPDX3Type:
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return nil, refusef("none of its attestations is an SPDX document")
	}
	return out, nil
}

// ReadDocument reads the name of an SPDX document in a statement, which must have the
// digest of its descriptor.
func ReadDocument(d ocispecs.Descriptor, statement []byte) (step.Document, error) {
	if got := digest.FromBytes(statement); got != d.Digest {
		return step.Document{}, fmt.Errorf("its statement has the digest %s, want %s", got, d.Digest)
	}
	var s struct {
		Predicate json.RawMessage `json:"predicate"`
	}
	if err := json.Unmarshal(statement, &s); err != nil {
		return step.Document{}, fmt.Errorf("statement %s: %w", d.Digest, err)
	}
	sum := sha256.Sum256(s.Predicate)
	out := step.Document{
		PredicateType: d.Annotations[predicateTypeAnnotation],
		Digest:        map[string]string{"sha256": hex.EncodeToString(sum[:])},
		Statement:     map[string]string{d.Digest.Algorithm().String(): d.Digest.Encoded()},
	}
	var doc struct {
		Namespace string `json:"documentNamespace"`
		Graph     []struct {
			Type string `json:"type"`
			ID   string `json:"spdxId"`
		} `json:"@graph"`
	}
	if err := json.Unmarshal(s.Predicate, &doc); err != nil {
		return step.Document{}, fmt.Errorf("statement %s: %w", d.Digest, err)
	}
	out.Namespace = doc.Namespace
	for _, e := range doc.Graph {
		if e.Type == "SpdxDocument" {
			out.Namespace = e.ID
		}
	}
	if !documentName(out.Namespace) {
		return step.Document{}, fmt.Errorf("statement %s: its document has the name %.100q, which is no URI", d.Digest, out.Namespace)
	}
	return out, nil
}

// documentName reports whether a document may be referred to by a name: a URI of printable
// ASCII, of bounded length.
func documentName(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// maxName bounds the name of a document in bytes.
const maxName = 1 << 10
