package roots

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// authority makes a certificate in PEM.
func authority(t testing.TB, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: Block, Bytes: der})
}

func write(t *testing.T, dir, name string, parts ...[]byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, slices.Concat(parts...), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestASetIsTheSameWhereverItsCertificatesLie(t *testing.T) {
	a, b := authority(t, "a"), authority(t, "b")
	folder := t.TempDir()
	write(t, folder, "1.pem", []byte("# Ours\n"), a)
	write(t, folder, "2.crt", b, a)
	first, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Read(write(t, t.TempDir(), "x", b, []byte("\n"), a))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.PEM(), second.PEM()) || first.Digest() != second.Digest() || len(first.Digests()) != 2 {
		t.Errorf("%s and %s", first.Digests(), second.Digests())
	}
	again, err := Parse(first.PEM())
	if err != nil || again.Digest() != first.Digest() || !slices.Equal(again.Digests(), first.Digests()) {
		t.Errorf("parsed again: %s, %v", again.Digests(), err)
	}
	pool := x509.NewCertPool()
	first.AddTo(pool)
	want := x509.NewCertPool()
	if !want.AppendCertsFromPEM(slices.Concat(a, b)) || !pool.Equal(want) {
		t.Error("the pool trusts others")
	}
}

func TestNothingIsAnEmptySet(t *testing.T) {
	for _, paths := range [][]string{nil, {t.TempDir()}} {
		s, err := Read(paths...)
		if err != nil || s.Digest() != "" || len(s.PEM())+len(s.Digests()) > 0 {
			t.Errorf("%s: %s, %v", paths, s.Digests(), err)
		}
	}
}

func TestWhatIsNotACertificateIsRefused(t *testing.T) {
	a := authority(t, "a")
	block := func(kind, text string) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(text)})
	}
	for _, c := range []struct {
		name string
		text []byte
		want string
	}{
		{"empty", nil, "no certificate in PEM"},
		{"text", []byte("what is this"), "no certificate in PEM"},
		{"der", func() []byte { b, _ := pem.Decode(a); return b.Bytes }(), "no certificate in PEM"},
		{"key", slices.Concat(a, block("PRIVATE KEY", "k")), `block 2 is a "PRIVATE KEY": only public certificates belong here`},
		{"request", block("CERTIFICATE REQUEST", "r"), `block 1 is a "CERTIFICATE REQUEST"`},
		{"broken", slices.Concat(a, []byte("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"), a), "block 2 is not PEM"},
		{"cut", slices.Concat(a, a[:len(a)/2]), "block 2 is not PEM"},
		{"no certificate", block(Block, "nothing"), "certificate 1: x509: "},
		{"large", bytes.Repeat([]byte("#"), MaxBytes+1), fmt.Sprintf("more than %d bytes", MaxBytes)},
	} {
		file := write(t, t.TempDir(), c.name, c.text)
		_, err := Read(file)
		if err == nil || !strings.HasPrefix(err.Error(), "read "+file+": "+c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestASetHasABound(t *testing.T) {
	var all []byte
	for i := range MaxCertificates + 1 {
		all = append(all, authority(t, fmt.Sprint(i))...)
	}
	if _, err := Parse(all); err == nil || err.Error() != fmt.Sprintf("%d certificates, more than %d", MaxCertificates+1, MaxCertificates) {
		t.Error(err)
	}
}

func TestAMissingFileIsSaid(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzParse: what is read is certificates, and reads the same again.
func FuzzParse(f *testing.F) {
	a := authority(f, "a")
	f.Add(a)
	f.Add(slices.Concat([]byte("# Ours\n"), a, authority(f, "b"), a))
	f.Add(slices.Concat(a, []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(s.PEM())
		if err != nil || again.Digest() != s.Digest() || len(s.Digests()) == 0 {
			t.Fatalf("%v: %v, then %v", err, s.Digests(), again.Digests())
		}
	})
}
