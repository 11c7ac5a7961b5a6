package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // the hash of P-384 and P-521 keys
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"
)

// minRSABits is the smallest RSA key that is taken: cosign takes no smaller one.
const minRSABits = 2048

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
	sum := sha256.Sum256(der)
	return key{v, "sha256:" + hex.EncodeToString(sum[:])}, nil
}

func checkKind(public crypto.PublicKey) error {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return fmt.Errorf("ECDSA curve %s is not supported", k.Curve.Params().Name)
		}
	case ed25519.PublicKey:
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return fmt.Errorf("RSA key of %d bits is too small, at least %d", k.N.BitLen(), minRSABits)
		}
	default:
		return fmt.Errorf("key type %T is not supported, use ECDSA, Ed25519 or RSA", public)
	}
	return nil
}
