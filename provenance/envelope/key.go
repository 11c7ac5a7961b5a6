package envelope

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sworn-build/sworn/provenance/sigstore"
)

// PublicKey is a key that bundles are verified with: ECDSA on P-256, P-384 or
// P-521, or RSA of at least 2048 bits. The zero value verifies nothing.
type PublicKey struct {
	key crypto.PublicKey
	der []byte // PKIX SubjectPublicKeyInfo
}

// NewPublicKey returns the key, or an error when its kind is not supported.
func NewPublicKey(key crypto.PublicKey) (PublicKey, error) {
	switch known, err := sigstore.CheckKey(key); {
	case err != nil:
		return PublicKey{}, err
	case !known:
		return PublicKey{}, fmt.Errorf("key type %T is not supported, use ECDSA or RSA", key)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{key: key, der: der}, nil
}

// ParsePublicKey reads a PEM file with a PKIX "PUBLIC KEY".
func ParsePublicKey(b []byte) (PublicKey, error) {
	block, err := decodePEM(b)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	if block.Type != "PUBLIC KEY" {
		return PublicKey{}, fmt.Errorf("parse public key: PEM type %q, want PUBLIC KEY", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	p, err := NewPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	return p, nil
}

// PEM returns the key as a PKIX PEM file.
func (p PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: p.der})
}

// Fingerprint is "sha256:HEX" of the key's SubjectPublicKeyInfo.
func (p PublicKey) Fingerprint() string { return sigstore.Fingerprint(p.der) }

// Hint is what Sigstore clients write into a bundle to say which key signed it:
// the fingerprint's bytes in base64. Anyone can write any hint.
func (p PublicKey) Hint() string {
	sum := sha256.Sum256(p.der)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Key is a private key. It implements sigstore-go's Keypair.
type Key struct {
	signer    crypto.Signer
	algorithm signature.AlgorithmDetails
	public    PublicKey
}

// GenerateKey makes an ECDSA P-256 key, the kind that cosign makes.
func GenerateKey() (*Key, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return NewKey(k)
}

// NewKey returns a key for a signer, or an error when its kind is not supported.
func NewKey(s crypto.Signer) (*Key, error) {
	public, err := NewPublicKey(s.Public())
	if err != nil {
		return nil, err
	}
	algorithm, err := signature.GetDefaultAlgorithmDetails(public.key)
	if err != nil {
		return nil, err
	}
	return &Key{signer: s, algorithm: algorithm, public: public}, nil
}

// Public returns the public half.
func (k *Key) Public() PublicKey { return k.public }

// SignData signs the data's digest and returns signature and digest. No
// randomness goes in: ECDSA is deterministic as in RFC 6979, so the same key and
// statement give the same bundle.
func (k *Key) SignData(_ context.Context, data []byte) (sig, sum []byte, err error) {
	hash := k.algorithm.GetHashType()
	h := hash.New()
	h.Write(data)
	sum = h.Sum(nil)
	sig, err = k.signer.Sign(nil, sum, hash)
	return sig, sum, err
}

// GetHashAlgorithm implements sigstore-go's Keypair.
func (k *Key) GetHashAlgorithm() protocommon.HashAlgorithm { return k.algorithm.GetProtoHashType() }

// GetSigningAlgorithm implements sigstore-go's Keypair.
func (k *Key) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return k.algorithm.GetSignatureAlgorithm()
}

// GetHint implements sigstore-go's Keypair; see [PublicKey.Hint].
func (k *Key) GetHint() []byte { return []byte(k.public.Hint()) }

// GetKeyAlgorithm implements sigstore-go's Keypair: ECDSA or RSA.
func (k *Key) GetKeyAlgorithm() string {
	if k.algorithm.GetKeyType() == signature.RSA {
		return "RSA"
	}
	return "ECDSA"
}

// GetPublicKey implements sigstore-go's Keypair.
func (k *Key) GetPublicKey() crypto.PublicKey { return k.public.key }

// GetPublicKeyPem implements sigstore-go's Keypair; it never fails.
func (k *Key) GetPublicKeyPem() (string, error) { return string(k.public.PEM()), nil }

func decodePEM(b []byte) (*pem.Block, error) {
	block, rest := pem.Decode(b)
	if block == nil {
		return nil, errors.New("not a PEM file")
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("more than one PEM block")
	}
	return block, nil
}
