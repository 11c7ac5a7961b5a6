package signature

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/image"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/repository"
)

// Outcomes of considering a referrer.
const (
	Taken   = "taken"
	Refused = "refused"
	// Ignored referrers are no Sigstore bundles.
	Ignored = "ignored"
	// Unverified is all that can be said without a key.
	Unverified = "unverified"
)

// Considered is a referrer and what became of it.
type Considered struct {
	// Of is what it refers to: "index" or a platform.
	Of      string        `json:"of"`
	Subject digest.Digest `json:"subject"`
	Digest  digest.Digest `json:"digest"`
	Outcome string        `json:"outcome"`
	Reason  string        `json:"reason"`
	// PredicateType and Platforms are what the bundle's statement says. They are
	// only to be believed when Outcome is Taken.
	PredicateType string   `json:"predicateType,omitempty"`
	Platforms     []string `json:"platforms,omitempty"`
	// Hint is what the bundle says it was signed with; it proves nothing.
	Hint string `json:"hint,omitempty"`

	// manifests are those of Platforms.
	manifests []digest.Digest
	predicate [sha256.Size]byte
	payload   [sha256.Size]byte
}

// Claims lists the referrers of an image and what they say of themselves, with no
// key to verify any of it: no outcome is [Taken].
func Claims(ctx context.Context, src Source, ix image.Index) ([]Considered, error) {
	return considerAll(ctx, src, ix, nil)
}

// considering is the state of going through the referrers of an image.
type considering struct {
	src   Source
	index image.Index
	// key is nil when nothing is to be verified.
	key *envelope.PublicKey
	// bundles that were read: each is a referrer of the index and of a platform.
	bundles map[digest.Digest]Considered
}

// considerAll gives every referrer of the index and of the platforms an outcome.
// An error is one of the connection; a referrer at fault is refused.
func considerAll(ctx context.Context, src Source, ix image.Index, key *envelope.PublicKey) ([]Considered, error) {
	c := &considering{src, ix, key, make(map[digest.Digest]Considered)}
	out, err := c.considerOf(ctx, "index", ix.Descriptor)
	if err != nil {
		return nil, err
	}
	for _, p := range ix.Platforms {
		more, err := c.considerOf(ctx, p.Name, p.Manifest)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (c *considering) considerOf(ctx context.Context, of string, subject ocispec.Descriptor) ([]Considered, error) {
	list, err := c.src.Referrers(ctx, subject)
	if err != nil {
		return nil, err
	}
	var out []Considered
	for _, d := range list {
		got, err := c.consider(ctx, subject.Digest, d)
		if err != nil {
			return nil, err
		}
		got.Of, got.Subject, got.Digest = of, subject.Digest, d.Digest
		if got.Outcome == Taken && subject.Digest != c.index.Descriptor.Digest && !slices.Contains(got.manifests, subject.Digest) {
			got.Outcome = Refused
			got.Reason = "its statement is about " + strings.Join(got.Platforms, ", ") + ", not " + of
		}
		out = append(out, got)
	}
	return out, nil
}

func (c *considering) consider(ctx context.Context, subject digest.Digest, d ocispec.Descriptor) (Considered, error) {
	b, err := image.Read(ctx, c.src, d, "referrer", referrers.MaxManifestBytes)
	if err != nil {
		return refuseOr(err)
	}
	layer, err := referrers.Decode(b, subject)
	if errors.Is(err, referrers.ErrNotBundle) {
		return Considered{Outcome: Ignored, Reason: referrers.ErrNotBundle.Error()}, nil
	}
	if err != nil {
		return refuse(err), nil
	}
	if got, ok := c.bundles[layer.Digest]; ok {
		return got, nil
	}
	b, err = image.Read(ctx, c.src, layer, "bundle", envelope.MaxBundleBytes)
	if err != nil {
		return refuseOr(err)
	}
	got := c.open(b)
	c.bundles[layer.Digest] = got
	return got, nil
}

// open gives a bundle its outcome.
func (c *considering) open(b []byte) Considered {
	bundle, err := envelope.DecodeBundle(b)
	if err != nil {
		return refuse(err)
	}
	got := Considered{
		Hint:          envelope.PrintableHint(bundle.Hint),
		PredicateType: bundle.Statement.PredicateType,
		predicate:     sha256.Sum256(bundle.Statement.Predicate),
		payload:       sha256.Sum256(bundle.Payload),
	}
	for _, p := range c.index.Platforms {
		if bundle.Statement.Has(p.Manifest.Digest) {
			got.Platforms = append(got.Platforms, p.Name)
			got.manifests = append(got.manifests, p.Manifest.Digest)
		}
	}
	if c.key == nil {
		got.Outcome, got.Reason = Unverified, "says it was signed with "+got.Hint
		return got
	}
	if err := bundle.Verify(*c.key, c.index.Descriptor.Digest); err != nil {
		got.Outcome, got.Reason = Refused, err.Error()
		return got
	}
	if len(got.Platforms) == 0 {
		got.Outcome, got.Reason = Refused, "its statement is about no platform of this image"
		return got
	}
	got.Outcome, got.Reason = Taken, fmt.Sprintf("signed with %s", c.key.Fingerprint())
	return got
}

func refuse(err error) Considered {
	return Considered{Outcome: Refused, Reason: err.Error()}
}

// refuseOr refuses what is at fault itself, and returns an error when the
// connection is.
func refuseOr(err error) (Considered, error) {
	var fault *image.ContentError
	if errors.As(err, &fault) || errors.Is(err, repository.ErrNotFound) {
		return refuse(err), nil
	}
	return Considered{}, err
}
