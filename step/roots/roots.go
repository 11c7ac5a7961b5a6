package roots

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sworn-build/sworn/step/operator"
)

const (
	// MaxBytes bounds a set in PEM, as a file is bounded.
	MaxBytes = operator.MaxBytes
	// MaxCertificates bounds a set: each record of a network lists them.
	MaxCertificates = 512
)

// Block is the type of a certificate in PEM (RFC 7468, section 5).
const Block = "CERTIFICATE"

// Set is certificates, each once, sorted by digest. The zero value is empty.
type Set struct {
	certs []*x509.Certificate
}

// Read reads files, and of folders the files in them. Errors name the file; those of
// the file system are among them, [os.ErrNotExist] too.
func Read(paths ...string) (Set, error) {
	all := map[string]*x509.Certificate{}
	if err := operator.Read(paths, func(_ string, b []byte) error { return add(all, b) }); err != nil {
		return Set{}, err
	}
	return newSet(all)
}

// Parse reads a file's bytes.
func Parse(b []byte) (Set, error) {
	all := map[string]*x509.Certificate{}
	if err := add(all, b); err != nil {
		return Set{}, err
	}
	return newSet(all)
}

func newSet(all map[string]*x509.Certificate) (Set, error) {
	var s Set
	for _, d := range slices.Sorted(maps.Keys(all)) {
		s.certs = append(s.certs, all[d])
	}
	switch n := len(s.PEM()); {
	case len(s.certs) > MaxCertificates:
		return Set{}, fmt.Errorf("%d certificates, more than %d", len(s.certs), MaxCertificates)
	case n > MaxBytes:
		return Set{}, fmt.Errorf("%d bytes of certificates, more than %d", n, MaxBytes)
	}
	return s, nil
}

// blockBegin starts a block in PEM. Text around blocks says whose the certificates are.
var blockBegin = []byte("-----BEGIN ")

// add adds the certificates of a file, by digest.
func add(all map[string]*x509.Certificate, text []byte) error {
	for n := 1; ; n++ {
		begun := bytes.Count(text, blockBegin)
		b, rest := pem.Decode(text)
		switch {
		case b == nil && begun > 0:
			return fmt.Errorf("block %d is not PEM", n)
		case b == nil && n == 1:
			return errors.New("no certificate in PEM")
		case b == nil:
			return nil
		case bytes.Count(rest, blockBegin) != begun-1:
			return fmt.Errorf("block %d is not PEM", n) // which pem.Decode skips
		case b.Type != Block:
			return fmt.Errorf("block %d is a %q: only public certificates belong here", n, b.Type)
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", n, err)
		}
		all[digest(c.Raw)] = c
		text = rest
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// PEM returns the set in PEM and nothing else, the same bytes for the same set; nil when
// it is empty.
func (s Set) PEM() []byte {
	var out []byte
	for _, c := range s.certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: Block, Bytes: c.Raw})...)
	}
	return out
}

// Digest returns sha256:HEX of PEM; empty when the set is.
func (s Set) Digest() string {
	if len(s.certs) == 0 {
		return ""
	}
	return digest(s.PEM())
}

// Digests returns sha256:HEX of each certificate in DER, sorted.
func (s Set) Digests() []string {
	var out []string
	for _, c := range s.certs {
		out = append(out, digest(c.Raw))
	}
	return out
}

// AddTo has a pool trust the set.
func (s Set) AddTo(pool *x509.CertPool) {
	for _, c := range s.certs {
		pool.AddCert(c)
	}
}
