package base

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// maxStatementBytes bounds the statement that says what an attestation manifest is about.
// The builder hands it over in one message of at most 16 MiB, with the rest of the chain.
const maxStatementBytes = 8 << 20

// StatementWanted returns the predicate type of the smallest statement in an attestation
// manifest that does not say itself what it is about: its signature is one over the image
// only if a statement says so. Empty: none is needed, or what the manifest is like is for
// [Check] to refuse.
func StatementWanted(chain *sourceresolver.AttestationChain) string {
	if chain == nil || chain.AttestationManifest == "" {
		return ""
	}
	b, err := checking{chain}.blob("attestation manifest", chain.AttestationManifest, MaxManifestBytes)
	if err != nil {
		return ""
	}
	m, err := parseManifest(b)
	if err != nil || m.Subject != nil {
		return ""
	}
	if l := statements(m, bySize); len(l) > 0 {
		return l[0].Annotations[predicateTypeAnnotation]
	}
	return ""
}

// statements are the layers with statements, in an order or else in that of the manifest.
func statements(m ocispecs.Manifest, order func(a, b ocispecs.Descriptor) int) []ocispecs.Descriptor {
	var out []ocispecs.Descriptor
	for _, l := range m.Layers {
		if l.MediaType == sigstore.PayloadType && l.Annotations[predicateTypeAnnotation] != "" {
			out = append(out, l)
		}
	}
	if order != nil {
		slices.SortStableFunc(out, order)
	}
	return out
}

// bySize puts the smallest first.
func bySize(a, b ocispecs.Descriptor) int { return cmp.Compare(a.Size, b.Size) }

// about verifies that the smallest statement of a manifest is about an image manifest.
func (c checking) about(m ocispecs.Manifest, image ocispecs.Descriptor) error {
	all := statements(m, bySize)
	if len(all) == 0 {
		return nil // which is refused as such
	}
	d := all[0].Digest
	b, err := c.blob("statement", d, maxStatementBytes)
	if err != nil {
		return err
	}
	if err := provenance.CheckKeys(b, provenance.FoldKey); err != nil {
		return fmt.Errorf("statement %s: %w", d, err)
	}
	var s struct {
		Subject []subject `json:"subject"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("statement %s: %w", d, err)
	}
	if about(s.Subject, image.Digest) {
		return nil
	}
	return fmt.Errorf("it has no subject, and its statement %s is not about %s", d, image.Digest)
}

// subject is what a statement is about.
type subject struct {
	Digest map[string]string `json:"digest"`
}

// about reports whether a manifest is among some subjects.
func about(subjects []subject, image digest.Digest) bool {
	return slices.ContainsFunc(subjects, func(s subject) bool { return s.Digest[string(digest.SHA256)] == image.Encoded() })
}
