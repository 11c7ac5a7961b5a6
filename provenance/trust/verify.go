package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// SignType is the predicate type of a statement that says no more than that its subject
// is signed, as `cosign sign` writes it.
const SignType = "https://sigstore.dev/cosign/sign/v1"

// MaxBundleBytes bounds a bundle. A signature with certificate, timestamp and log entry
// has some 20 KiB.
const MaxBundleBytes = 1 << 20

// Signer is who made a signature, as it was verified: a key or an identity.
type Signer struct {
	// Key is a fingerprint: "sha256:HEX" over the SubjectPublicKeyInfo.
	Key string
	// Identity is the subject alternative name of a certificate, and Issuer the OIDC
	// issuer that vouched for it.
	Identity, Issuer string
}

// UnknownSignerError says that a bundle is signed by nobody who is trusted.
type UnknownSignerError struct{ Err error }

// Error implements error.
func (e *UnknownSignerError) Error() string { return e.Err.Error() }

// Unwrap implements errors.Unwrap.
func (e *UnknownSignerError) Unwrap() error { return e.Err }

// Verify verifies that a bundle is a signature over the artifact, and returns who of
// those who are trusted made it.
//
// Errors: [UnknownSignerError] when nobody did.
func (a Anchors) Verify(b, artifact []byte) (Signer, error) {
	sb, err := decode(b)
	if err != nil {
		return Signer{}, fmt.Errorf("decode bundle: %w", err)
	}
	material, err := sb.VerificationContent()
	if err != nil {
		return Signer{}, fmt.Errorf("decode bundle: %w", err)
	}
	var by Signer
	if material.Certificate() != nil {
		by, err = a.byIdentity(sb, artifact)
	} else {
		by, err = a.byKey(sb, artifact)
	}
	if err != nil {
		return Signer{}, &UnknownSignerError{err}
	}
	return by, nil
}

// decode reads a bundle v0.3 whose content is a signature and no other statement.
func decode(b []byte) (*bundle.Bundle, error) {
	pb, sb, err := sigstore.DecodeBundle(b, MaxBundleBytes)
	if err != nil {
		return nil, err
	}
	env := pb.GetDsseEnvelope()
	if env == nil {
		return sb, nil
	}
	return sb, checkStatement(env.Payload)
}

// checkStatement refuses statements that say something about their subject: to have
// signed that an image has a flaw is not to have signed the image.
func checkStatement(b []byte) error {
	if err := provenance.CheckKeys(b, provenance.FoldKey); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	var s struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("payload: %w", err)
	}
	if s.Type != sigstore.StatementV1 && s.Type != sigstore.StatementV01 {
		return fmt.Errorf("payload: type %.200q is not an in-toto statement", s.Type)
	}
	if s.PredicateType != SignType {
		return fmt.Errorf("payload: predicate type %.200q, want %s", s.PredicateType, SignType)
	}
	return nil
}

func (a Anchors) byKey(sb *bundle.Bundle, artifact []byte) (Signer, error) {
	if len(a.keys) == 0 {
		return Signer{}, errors.New("signed with a key, and no key is trusted")
	}
	var errs []error
	for _, k := range a.keys {
		forever := root.NewExpiringKey(k.verifier, time.Time{}, time.Time{})
		material := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return forever, nil })
		v, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps())
		if err == nil {
			_, err = v.Verify(sb, verify.NewPolicy(verify.WithArtifact(bytes.NewReader(artifact)), verify.WithKey()))
		}
		if err == nil {
			return Signer{Key: k.fingerprint}, nil
		}
		errs = append(errs, fmt.Errorf("not with key %s: %w", k.fingerprint, err))
	}
	return Signer{}, errors.Join(errs...)
}

func (a Anchors) byIdentity(sb *bundle.Bundle, artifact []byte) (Signer, error) {
	if len(a.identities) == 0 {
		return Signer{}, errors.New("signed with a certificate, and no identity is trusted")
	}
	v, err := verify.NewVerifier(a.root, a.demands()...)
	if err != nil {
		return Signer{}, err
	}
	var ids []verify.PolicyOption
	for _, i := range a.identities {
		id, err := i.policy()
		if err != nil {
			return Signer{}, err
		}
		ids = append(ids, verify.WithCertificateIdentity(id))
	}
	res, err := v.Verify(sb, verify.NewPolicy(verify.WithArtifact(bytes.NewReader(artifact)), ids...))
	if err != nil {
		return Signer{}, err
	}
	if res.Signature == nil || res.Signature.Certificate == nil {
		return Signer{}, errors.New("verified without a certificate")
	}
	c := res.Signature.Certificate
	return Signer{Identity: c.SubjectAlternativeName, Issuer: c.Issuer}, nil
}

// demands are what the trusted root can tell: a signature is timestamped, by a log or an
// authority, and in those logs that the root names.
func (a Anchors) demands() []verify.VerifierOption {
	out := []verify.VerifierOption{verify.WithObserverTimestamps(1)}
	if len(a.root.RekorLogs()) > 0 {
		out = append(out, verify.WithTransparencyLog(1))
	}
	if len(a.root.CTLogs()) > 0 {
		out = append(out, verify.WithSignedCertificateTimestamps(1))
	}
	return out
}
