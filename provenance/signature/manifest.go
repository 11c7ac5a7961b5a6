package signature

import (
	"context"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/trust"
)

// attestations signs the manifest that a platform's statements hang on. A builder finds a
// base image's signature there and nowhere else. It is signed as `cosign sign` signs an
// image: by a statement that says no more than that.
func (s *signing) attestations(store Source, p image.Platform) (SignedCopy, error) {
	on := *p.Attestation
	st := envelope.Statement{
		PredicateType: trust.SignType,
		Predicate:     []byte("{}"),
		Subject:       []envelope.Subject{envelope.SubjectOf(s.subjectName(), on.Digest)},
	}
	public := s.key.Public()
	if signed, err := signedManifest(s.ctx, store, on, public); err != nil || signed {
		return SignedCopy{Subject: on.Digest, Existing: signed}, err
	}
	bundle, err := envelope.Sign(s.ctx, s.key, st)
	if err != nil {
		return SignedCopy{}, err
	}
	artifact, err := referrers.New(on, bundle, st.PredicateType)
	if err != nil {
		return SignedCopy{}, err
	}
	s.onPlatforms = append(s.onPlatforms, artifact)
	return SignedCopy{Subject: on.Digest, Digest: artifact.Manifest.Descriptor.Digest}, nil
}

// signedManifest reports whether a referrer of a manifest signs it with the key. What is
// at fault itself signs nothing; an error is one of the connection.
func signedManifest(ctx context.Context, src Source, on ocispec.Descriptor, key envelope.PublicKey) (bool, error) {
	list, err := src.Referrers(ctx, on)
	if err != nil {
		return false, err
	}
	for _, d := range list {
		signed, err := signsManifest(ctx, src, d, on, key)
		if err != nil {
			if _, err := refuseOr(err); err != nil {
				return false, err
			}
		}
		if signed {
			return true, nil
		}
	}
	return false, nil
}

func signsManifest(ctx context.Context, src Source, d, on ocispec.Descriptor, key envelope.PublicKey) (bool, error) {
	b, err := image.Read(ctx, src, d, "referrer", referrers.MaxManifestBytes)
	if err != nil {
		return false, err
	}
	layer, err := referrers.Decode(b, on.Digest)
	if err != nil {
		return false, atFaultItself(err)
	}
	if b, err = image.Read(ctx, src, layer, "bundle", envelope.MaxBundleBytes); err != nil {
		return false, err
	}
	bundle, err := envelope.DecodeBundle(b)
	if err != nil {
		return false, atFaultItself(err)
	}
	return bundle.Statement.PredicateType == trust.SignType && bundle.Verify(key, on.Digest) == nil, nil
}

func atFaultItself(err error) error { return &image.ContentError{Subject: "referrer", Err: err} }

// compareManifests says which attestation manifests are signed. It is of no weight for
// the verdict: the statements in them have signatures of their own.
func (v *Verdict) compareManifests(ctx context.Context, src Source, ix image.Index, key envelope.PublicKey) error {
	for _, p := range ix.Platforms {
		if p.Attestation == nil {
			continue
		}
		signed, err := signedManifest(ctx, src, *p.Attestation, key)
		if err != nil {
			return err
		}
		if !signed {
			v.Warnings = append(v.Warnings, fmt.Sprintf(
				"%s: the attestation manifest %s itself is not signed, where builds with base=signed look; sworn sign with the same key adds it",
				p.Name, p.Attestation.Digest))
			continue
		}
		v.check("%s: the attestation manifest %s is signed with the key", p.Name, p.Attestation.Digest)
	}
	return nil
}
