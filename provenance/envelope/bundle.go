package envelope

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/sworn-build/sworn/provenance/sigstore"
)

// MaxBundleBytes bounds a bundle: the largest statement in base64, and 1 MiB for
// what is around it.
const MaxBundleBytes = MaxStatementBytes/3*4 + 1<<20

// Bundle is a decoded bundle. Nothing in it is to be believed before
// [Bundle.Verify] returned nil.
type Bundle struct {
	// Statement is the payload, decoded.
	Statement Statement
	// Payload is the signed statement's bytes.
	Payload []byte
	// Hint says which key the bundle claims to be signed with; empty when it
	// carries a certificate instead. See [PublicKey.Hint].
	Hint string

	bundle *bundle.Bundle
}

// SignatureError says that a bundle's signature was not made with the key.
type SignatureError struct {
	// OtherKey is true when the bundle itself names another key.
	OtherKey bool
	// Hint is the bundle's own, as "sha256:HEX" when it has that form.
	Hint string
	Err  error
}

// Error implements error.
func (e *SignatureError) Error() string {
	if e.OtherKey {
		return "signed with another key (" + e.Hint + ")"
	}
	return "signature does not verify: " + e.Err.Error()
}

// Unwrap implements errors.Unwrap.
func (e *SignatureError) Unwrap() error { return e.Err }

// Sign returns a bundle with the statement, signed with the key, after verifying
// it for the digests of all of its subjects. The same statement and key give the
// same bytes.
func Sign(ctx context.Context, key *Key, s Statement) ([]byte, error) {
	b, err := signBundle(ctx, key, s)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", s.PredicateType, err)
	}
	return b, nil
}

func signBundle(ctx context.Context, key *Key, s Statement) ([]byte, error) {
	payload, err := s.Encode()
	if err != nil {
		return nil, err
	}
	content := &sign.DSSEData{Data: payload, PayloadType: sigstore.PayloadType}
	pb, err := sign.Bundle(content, key, sign.BundleOptions{Context: ctx})
	if err != nil {
		return nil, err
	}
	loose, err := protojson.Marshal(pb)
	if err != nil {
		return nil, err
	}
	// protojson puts white space at random into its output.
	var out bytes.Buffer
	if err := json.Compact(&out, loose); err != nil {
		return nil, err
	}
	b, err := DecodeBundle(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("check own bundle: %w", err)
	}
	var digests []digest.Digest
	for _, sub := range s.Subject {
		for algorithm, sum := range sub.Digest {
			digests = append(digests, digest.NewDigestFromEncoded(digest.Algorithm(algorithm), sum))
		}
	}
	if err := b.Verify(key.Public(), digests...); err != nil {
		return nil, fmt.Errorf("check own bundle: %w", err)
	}
	if !bytes.Equal(b.Statement.Predicate, s.Predicate) {
		return nil, errors.New("check own bundle: predicate changed")
	}
	return out.Bytes(), nil
}

// DecodeBundle reads a bundle: v0.3, one DSSE signature, an in-toto payload. It
// verifies nothing.
func DecodeBundle(b []byte) (*Bundle, error) {
	d, err := decodeBundle(b)
	if err != nil {
		return nil, fmt.Errorf("decode bundle: %w", err)
	}
	return d, nil
}

func decodeBundle(b []byte) (*Bundle, error) {
	pb, sb, err := sigstore.DecodeBundle(b, MaxBundleBytes)
	if err != nil {
		return nil, err
	}
	env := pb.GetDsseEnvelope()
	if env == nil {
		return nil, errors.New("no DSSE envelope")
	}
	if len(env.Signatures) != 1 {
		return nil, fmt.Errorf("%d signatures, want 1", len(env.Signatures))
	}
	s, err := decodeStatement(env.Payload)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	return &Bundle{
		Statement: s,
		Payload:   env.Payload,
		Hint:      pb.GetVerificationMaterial().GetPublicKey().GetHint(),
		bundle:    sb,
	}, nil
}

// Verify checks that the key signed the bundle and that the statement is about
// all of the digests; at least one is needed. The hint is not believed. There
// is no transparency log and no timestamp in it, and none is asked for.
//
// Errors: [SignatureError] when the signature is at fault.
func (b *Bundle) Verify(key PublicKey, digests ...digest.Digest) error {
	if key.key == nil || len(digests) == 0 {
		return errors.New("verify bundle: no key or no digest to verify for")
	}
	material, err := b.bundle.VerificationContent()
	if err != nil {
		return fmt.Errorf("verify bundle: %w", err)
	}
	// Nothing here could trust a certificate, and none stands in for the key.
	if material.PublicKey() == nil || material.Certificate() != nil {
		return &SignatureError{Err: errors.New("signed with a certificate, not with a key")}
	}
	verifier, err := newVerifier(key)
	if err != nil {
		return fmt.Errorf("verify bundle: %w", err)
	}
	unbound := verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithKey())
	if _, err := verifier.Verify(b.bundle, unbound); err != nil {
		return &SignatureError{OtherKey: b.Hint != key.Hint(), Hint: PrintableHint(b.Hint), Err: err}
	}
	var want []verify.ArtifactDigest
	for _, d := range digests {
		if err := d.Validate(); err != nil {
			return fmt.Errorf("verify bundle: digest %q: %w", d, err)
		}
		if !b.Statement.Has(d) {
			return fmt.Errorf("statement is not about %s", d)
		}
		sum, err := hex.DecodeString(d.Encoded())
		if err != nil {
			return fmt.Errorf("verify bundle: digest %q: %w", d, err)
		}
		want = append(want, verify.ArtifactDigest{Algorithm: d.Algorithm().String(), Digest: sum})
	}
	policy := verify.NewPolicy(verify.WithArtifactDigests(want), verify.WithKey())
	if _, err := verifier.Verify(b.bundle, policy); err != nil {
		return fmt.Errorf("statement's subjects: %w", err)
	}
	return nil
}

func newVerifier(key PublicKey) (*verify.Verifier, error) {
	v, err := signature.LoadDefaultVerifier(key.key)
	if err != nil {
		return nil, err
	}
	forever := root.NewExpiringKey(v, time.Time{}, time.Time{})
	trusted := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return forever, nil
	})
	return verify.NewVerifier(trusted, verify.WithNoObserverTimestamps(), verify.WithoutStatementPredicate())
}

// PrintableHint returns a hint as a fingerprint, "sha256:HEX", when it has that
// form, and quoted otherwise. It is for people: a hint proves nothing.
func PrintableHint(hint string) string {
	if hint == "" {
		return "a certificate"
	}
	if sum, err := base64.StdEncoding.DecodeString(hint); err == nil && len(sum) == 32 {
		return "sha256:" + hex.EncodeToString(sum)
	}
	return fmt.Sprintf("hint %.100q", hint)
}
