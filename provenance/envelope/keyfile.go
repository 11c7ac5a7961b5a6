package envelope

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
)

// PEM types of private keys. The first is what cosign writes today, the second
// what it wrote before.
const (
	pemSigstore = "ENCRYPTED SIGSTORE PRIVATE KEY"
	pemCosign   = "ENCRYPTED COSIGN PRIVATE KEY"
	pemPKCS8    = "PRIVATE KEY"
	pemEC       = "EC PRIVATE KEY"
	pemRSA      = "RSA PRIVATE KEY"
)

// ErrPassword says that an encrypted key does not open with the password, or that
// its file is damaged: the cipher cannot tell the two apart.
var ErrPassword = errors.New("wrong password or damaged file")

// EncryptKey returns the key in cosign's format: PKCS #8, encrypted with scrypt
// and NaCl secretbox, as PEM. An empty password is taken, as cosign takes it.
func EncryptKey(k *Key, password []byte) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.signer)
	if err != nil {
		return nil, fmt.Errorf("encrypt key: %w", err)
	}
	b, err := encrypted.Encrypt(der, password)
	if err != nil {
		return nil, fmt.Errorf("encrypt key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemSigstore, Bytes: b}), nil
}

// ParseKey reads a private key from a PEM file: cosign's encrypted formats, or
// unencrypted PKCS #8, EC or PKCS #1. It calls password only for an encrypted
// one.
//
// Errors: [ErrPassword]; whatever password returns.
func ParseKey(b []byte, password func() ([]byte, error)) (*Key, error) {
	k, err := parseKey(b, password)
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	return k, nil
}

func parseKey(b []byte, password func() ([]byte, error)) (*Key, error) {
	block, err := decodePEM(b)
	if err != nil {
		return nil, err
	}
	der, kind := block.Bytes, block.Type
	if kind == pemSigstore || kind == pemCosign {
		pass, err := password()
		if err != nil {
			return nil, err
		}
		if der, err = encrypted.Decrypt(block.Bytes, pass); err != nil {
			return nil, ErrPassword
		}
		kind = pemPKCS8
	}
	var key any
	switch kind {
	case pemPKCS8:
		key, err = x509.ParsePKCS8PrivateKey(der)
	case pemEC:
		key, err = x509.ParseECPrivateKey(der)
	case pemRSA:
		key, err = x509.ParsePKCS1PrivateKey(der)
	case "PUBLIC KEY":
		err = errors.New("this is a public key, signing needs the private one")
	default:
		err = fmt.Errorf("PEM type %q is not supported", kind)
	}
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("key type %T cannot sign", key)
	}
	return NewKey(signer)
}
