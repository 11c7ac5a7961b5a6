package trust

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/sworn-build/sworn/provenance/sigstore"
)

// key is a public key: ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of at least 2048
// bits.
type key struct {
	verifier signature.Verifier
	// fingerprint is "sha256:HEX" over the key's SubjectPublicKeyInfo.
	fingerprint string
}

// parseKey reads a file with one public key in PEM.
func parseKey(b []byte) (key, error) {
	block, rest := pem.Decode(b)
	switch {
	case block == nil:
		return key{}, errors.New("not a PEM file")
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return key{}, errors.New("this is a private key; verifying needs the public one alone")
	case block.Type != "PUBLIC KEY":
		return key{}, fmt.Errorf("PEM type %.100q, want PUBLIC KEY", block.Type)
	case strings.TrimSpace(string(rest)) != "":
		return key{}, errors.New("more than one key in a file")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return key{}, err
	}
	if err := checkKind(public); err != nil {
		return key{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return key{}, err
	}
	v, err := signature.LoadDefaultVerifier(public)
	if err != nil {
		return key{}, err
	}
	return key{v, sigstore.Fingerprint(der)}, nil
}

func checkKind(public crypto.PublicKey) error {
	known, err := sigstore.CheckKey(public)
	if _, ok := public.(ed25519.PublicKey); !known && !ok {
		err = fmt.Errorf("key type %T is not supported, use ECDSA, Ed25519 or RSA", public)
	}
	return err
}
