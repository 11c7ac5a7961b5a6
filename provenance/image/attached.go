package image

import (
	"context"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// maxStatements bounds the statements of one platform: memory holds all of them,
// and each may have [envelope.MaxStatementBytes].
const maxStatements = 16

// Attached is a statement that BuildKit attached. It is unsigned: anyone who can
// write the image can write it.
type Attached struct {
	Descriptor ocispec.Descriptor
	Statement  envelope.Statement
}

// ReadStatements reads the statements of a platform and checks that they are
// about it: every subject of each is the platform's manifest or the index.
//
// Errors: [NoAttestationsError]; [ContentError].
func ReadStatements(ctx context.Context, f Fetcher, ix Index, p Platform) ([]Attached, error) {
	if p.Attestation == nil {
		return nil, &NoAttestationsError{"platform " + p.Name, "the index lists none for " + p.Manifest.Digest.String()}
	}
	subject := "attestation manifest " + p.Attestation.Digest.String()
	m, err := readManifest(ctx, f, *p.Attestation, "attestation manifest")
	if err != nil {
		return nil, err
	}
	if m.Subject != nil && m.Subject.Digest != p.Manifest.Digest {
		return nil, contentErrorf(subject, "its subject is %.200q, not %s", m.Subject.Digest, p.Manifest.Digest)
	}
	if len(m.Layers) > maxStatements {
		return nil, contentErrorf(subject, "%d statements, more than %d", len(m.Layers), maxStatements)
	}
	var out []Attached
	seen := make(map[digest.Digest]bool)
	for _, l := range m.Layers {
		if seen[l.Digest] {
			return nil, contentErrorf(subject, "statement %.200s twice", l.Digest)
		}
		seen[l.Digest] = true
		if l.MediaType != sigstore.PayloadType {
			return nil, contentErrorf(subject, "layer of media type %.200q, want %s", l.MediaType, sigstore.PayloadType)
		}
		b, err := Read(ctx, f, l, "statement", envelope.MaxStatementBytes)
		if err != nil {
			return nil, err
		}
		s, err := envelope.DecodeStatement(b)
		if errors.Is(err, envelope.ErrNoSubject) {
			err = fmt.Errorf("%w: the image was exported without a name, so its statements are about nothing", err)
		}
		if err != nil {
			return nil, &ContentError{"statement " + l.Digest.String(), err}
		}
		if err := checkSubjects(s, ix, p); err != nil {
			return nil, &ContentError{fmt.Sprintf("statement %s of %s", s.PredicateType, p.Name), err}
		}
		out = append(out, Attached{Descriptor: l, Statement: s})
	}
	if len(out) == 0 {
		return nil, &NoAttestationsError{"platform " + p.Name, "its attestation manifest is empty"}
	}
	return out, nil
}

func checkSubjects(s envelope.Statement, ix Index, p Platform) error {
	for _, sub := range s.Subject {
		one := envelope.Statement{Subject: []envelope.Subject{sub}}
		if !one.Has(p.Manifest.Digest) && !one.Has(ix.Descriptor.Digest) {
			return fmt.Errorf("its subject %.200q (%.200v) is not this image (%s)", sub.Name, sub.Digest, p.Manifest.Digest)
		}
	}
	if !s.Has(p.Manifest.Digest) {
		return fmt.Errorf("none of its subjects is %s", p.Manifest.Digest)
	}
	return nil
}
