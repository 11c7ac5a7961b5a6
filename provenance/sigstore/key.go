package sigstore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // the hash of P-384 and P-521 keys
	"encoding/hex"
	"fmt"
)

// minRSABits is the smallest RSA key that is taken: cosign takes no smaller one.
const minRSABits = 2048

// CheckKey refuses a public key of ECDSA that is not on P-256, P-384 or P-521, and one of
// RSA below 2048 bits. Of keys of another kind it says that it does not know them.
func CheckKey(key crypto.PublicKey) (known bool, err error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			err = fmt.Errorf("ECDSA curve %s is not supported", k.Curve.Params().Name)
		}
		return true, err
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			err = fmt.Errorf("RSA key of %d bits is too small, at least %d", k.N.BitLen(), minRSABits)
		}
		return true, err
	}
	return false, nil
}

// Fingerprint is "sha256:HEX" of a key's SubjectPublicKeyInfo in DER.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}
