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
	return ReadSelected(ctx, f, ix, p, func(string, int) bool { return true })
}

// annotationType names the type of a statement in the attestation manifest, as BuildKit
// writes it.
const annotationType = "in-toto.io/predicate-type"

// ReadSelected is [ReadStatements] of those statements alone that are wanted, by type and by
// how many of the type come before: an image with many files has hundreds of MiB. A statement
// whose type the manifest does not name is read whatever is wanted, and one that is of another
// type than the manifest says is an error.
func ReadSelected(ctx context.Context, f Fetcher, ix Index, p Platform, wanted func(predicateType string, nth int) bool) ([]Attached, error) {
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
	seen, nth := make(map[digest.Digest]bool), make(map[string]int)
	for _, l := range m.Layers {
		if seen[l.Digest] {
			return nil, contentErrorf(subject, "statement %.200s twice", l.Digest)
		}
		seen[l.Digest] = true
		if l.MediaType != sigstore.PayloadType {
			return nil, contentErrorf(subject, "layer of media type %.200q, want %s", l.MediaType, sigstore.PayloadType)
		}
		kind := l.Annotations[annotationType]
		nth[kind]++
		if kind != "" && !wanted(kind, nth[kind]-1) {
			continue
		}
		s, err := readStatement(ctx, f, l, ix, p)
		if err != nil {
			return nil, err
		}
		out = append(out, Attached{Descriptor: l, Statement: s})
	}
	if len(m.Layers) == 0 {
		return nil, &NoAttestationsError{"platform " + p.Name, "its attestation manifest is empty"}
	}
	return out, nil
}

// readStatement reads a statement and checks what it is about, and that it is of the type
// that the manifest names.
func readStatement(ctx context.Context, f Fetcher, l ocispec.Descriptor, ix Index, p Platform) (envelope.Statement, error) {
	b, err := Read(ctx, f, l, "statement", envelope.MaxStatementBytes)
	if err != nil {
		return envelope.Statement{}, err
	}
	s, err := envelope.DecodeStatement(b)
	if errors.Is(err, envelope.ErrNoSubject) {
		err = fmt.Errorf("%w: the image was exported without a name, so its statements are about nothing", err)
	}
	if err != nil {
		return s, &ContentError{"statement " + l.Digest.String(), err}
	}
	if named := l.Annotations[annotationType]; named != "" && named != s.PredicateType {
		return s, contentErrorf("statement "+l.Digest.String(), "its type is %.200q, the attestation manifest says %.200q", s.PredicateType, named)
	}
	if err := checkSubjects(s, ix, p); err != nil {
		return s, &ContentError{fmt.Sprintf("statement %s of %s", s.PredicateType, p.Name), err}
	}
	return s, nil
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
