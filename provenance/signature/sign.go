package signature

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/referrers"
)

// Signed says what [Sign] did.
type Signed struct {
	Digest    digest.Digest    `json:"digest"`
	Key       string           `json:"key"` // fingerprint
	Platforms []SignedPlatform `json:"platforms"`
	Warnings  []string         `json:"warnings"`
}

// SignedPlatform is a platform whose statements were signed.
type SignedPlatform struct {
	Platform string        `json:"platform"`
	Digest   digest.Digest `json:"digest"`
	// Files that were compared with contents/v1.
	Files      int               `json:"files"`
	Statements []SignedStatement `json:"statements"`
	// Attestations is the signature over the manifest that the statements hang on.
	Attestations SignedCopy `json:"attestations"`
}

// SignedStatement is a statement and the referrers that carry its signature.
type SignedStatement struct {
	PredicateType string        `json:"predicateType"`
	Referrers     []SignedCopy  `json:"referrers"`
	Statement     digest.Digest `json:"statement"` // of the attached one
}

// SignedCopy is one referrer.
type SignedCopy struct {
	Subject digest.Digest `json:"subject"`
	// Digest of the referrer's manifest; empty when Existing.
	Digest digest.Digest `json:"digest,omitempty"`
	// Existing: a bundle of this key over the same statement was there before.
	Existing bool `json:"existing"`
}

// Existed reports whether all of the statement's referrers were there before.
func (s SignedStatement) Existed() bool {
	return !slices.ContainsFunc(s.Referrers, func(c SignedCopy) bool { return !c.Existing })
}

// New counts what was not signed before: statements, and the manifests they hang on.
func (s Signed) New() int {
	n := 0
	for _, p := range s.Platforms {
		if !p.Attestations.Existing {
			n++
		}
		for _, st := range p.Statements {
			if !st.Existed() {
				n++
			}
		}
	}
	return n
}

// Sign signs every statement that is attached to the image, BuildKit's provenance
// included, and stores each as a referrer of the index and of its platform's
// manifest. It signs the manifests that the statements hang on as well.
//
// Errors: [image.NoAttestationsError], [image.ContentError], [MissingError] and
// [DifferenceError] when the image is at fault, before anything is stored; else
// the store's.
func Sign(ctx context.Context, store Store, d ocispec.Descriptor, key *envelope.Key, opts Options) (Signed, error) {
	ix, err := image.ReadIndex(ctx, store, d)
	if err != nil {
		return Signed{}, err
	}
	out := Signed{Digest: d.Digest, Key: key.Public().Fingerprint(), Warnings: []string{}}
	attached := make([][]image.Attached, len(ix.Platforms))
	for i, p := range ix.Platforms {
		if attached[i], err = image.ReadStatements(ctx, store, ix, p); err != nil {
			return Signed{}, err
		}
		if types := missing(attached[i]); len(types) > 0 {
			return Signed{}, &MissingError{p.Name, types}
		}
		if !hasProvenance(attached[i]) {
			out.Warnings = append(out.Warnings, fmt.Sprintf(
				"platform %s has no SLSA provenance, so none is signed; build with --provenance=mode=max", p.Name))
		}
		for _, t := range unknown(attached[i]) {
			out.Warnings = append(out.Warnings, fmt.Sprintf(
				"platform %s has a statement of type %.200s, which is signed unread: Sworn does not know the type", p.Name, t))
		}
	}
	for i, p := range ix.Platforms {
		rootfs, err := checkContents(ctx, store, p, attached[i], opts)
		if err != nil {
			return Signed{}, err
		}
		out.Platforms = append(out.Platforms, SignedPlatform{Platform: p.Name, Digest: p.Manifest.Digest, Files: len(rootfs.Files)})
	}
	public := key.Public()
	have, err := considerAll(ctx, store, ix, &public)
	if err != nil {
		return Signed{}, err
	}
	s := signing{ctx: ctx, key: key, index: ix, name: opts.Name, have: have}
	for i := range ix.Platforms {
		opts.progress("signing %d statements of %s", len(attached[i]), ix.Platforms[i].Name)
		for _, a := range attached[i] {
			done, err := s.statement(ix.Platforms[i], a)
			if err != nil {
				return Signed{}, err
			}
			out.Platforms[i].Statements = append(out.Platforms[i].Statements, done)
		}
		if out.Platforms[i].Attestations, err = s.attestations(store, ix.Platforms[i]); err != nil {
			return Signed{}, err
		}
	}
	// The index last: what verifies an image begins there.
	if err := store.Attach(ctx, append(s.onPlatforms, s.onIndex...)); err != nil {
		return Signed{}, err
	}
	return out, nil
}

func hasProvenance(attached []image.Attached) bool {
	for _, t := range provenanceTypes() {
		if len(ofType(attached, t)) > 0 {
			return true
		}
	}
	return false
}

// signing collects what is to be stored.
type signing struct {
	ctx   context.Context
	key   *envelope.Key
	index image.Index
	name  string
	have  []Considered

	onPlatforms, onIndex []referrers.Artifact
}

// subjectName is what signed statements call the image.
func (s *signing) subjectName() string {
	if strings.TrimSpace(s.name) == "" {
		return "_"
	}
	return s.name
}

// statement signs one statement, for the subjects that have no signature of the
// key over it.
func (s *signing) statement(p image.Platform, a image.Attached) (SignedStatement, error) {
	name := s.subjectName()
	st := envelope.Statement{
		PredicateType: a.Statement.PredicateType,
		Predicate:     a.Statement.Predicate,
		Subject: []envelope.Subject{
			envelope.SubjectOf(name, s.index.Descriptor.Digest),
			envelope.SubjectOf(name, p.Manifest.Digest),
		},
	}
	out := SignedStatement{PredicateType: st.PredicateType, Statement: a.Descriptor.Digest}
	payload, err := st.Encode()
	if err != nil {
		return out, err
	}
	var bundle []byte
	for _, subject := range []ocispec.Descriptor{p.Manifest, s.index.Descriptor} {
		if s.exists(subject.Digest, sha256.Sum256(payload)) {
			out.Referrers = append(out.Referrers, SignedCopy{Subject: subject.Digest, Existing: true})
			continue
		}
		if bundle == nil {
			if bundle, err = envelope.Sign(s.ctx, s.key, st); err != nil {
				return out, err
			}
		}
		artifact, err := referrers.New(subject, bundle, st.PredicateType)
		if err != nil {
			return out, err
		}
		if subject.Digest == p.Manifest.Digest {
			s.onPlatforms = append(s.onPlatforms, artifact)
		} else {
			s.onIndex = append(s.onIndex, artifact)
		}
		out.Referrers = append(out.Referrers, SignedCopy{Subject: subject.Digest, Digest: artifact.Manifest.Descriptor.Digest})
	}
	return out, nil
}

func (s *signing) exists(subject digest.Digest, payload [sha256.Size]byte) bool {
	for _, c := range s.have {
		if c.Outcome == Taken && c.Subject == subject && c.payload == payload {
			return true
		}
	}
	return false
}
