package envelope

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/provenance/sigstore"
)

func testKey(t testing.TB) *Key {
	t.Helper()
	k, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testStatement() Statement {
	return Statement{
		PredicateType: "https://example.com/p/v1",
		// White space, order, escapes and numbers are the signer's own.
		Predicate: []byte("{\"b\" : 1.0,\n\t\"a\":\"<&>\\u003c\u2028\", \"n\":12345678901234567890}"),
		Subject:   []Subject{SubjectOf("host/app", one), SubjectOf("host/app", two)},
	}
}

var (
	one = digest.FromString("one")
	two = digest.FromString("two")
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSignThenVerifyKeepsThePredicateByteForByte(t *testing.T) {
	key, s := testKey(t), testStatement()
	b, err := Sign(t.Context(), key, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Verify(key.Public(), one, two); err != nil {
		t.Error(err)
	}
	s.Type = sigstore.StatementV1
	if diff := cmp.Diff(s, got.Statement); diff != "" {
		t.Error(diff)
	}
	if !bytes.Contains(got.Payload, s.Predicate) {
		t.Errorf("predicate changed: %s", got.Payload)
	}
}

func TestSignIsDeterministic(t *testing.T) {
	key, s := testKey(t), testStatement()
	first, err := Sign(t.Context(), key, s)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := Sign(t.Context(), key, s)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	key, other := testKey(t), testKey(t)
	b, err := Sign(t.Context(), key, testStatement())
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := DecodeBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	var sig *SignatureError
	if err := bundle.Verify(other.Public(), one); !errors.As(err, &sig) || !sig.OtherKey ||
		err.Error() != "signed with another key ("+key.Public().Fingerprint()+")" {
		t.Errorf("another key: %v", err)
	}
	if err := bundle.Verify(key.Public(), one, digest.FromString("three")); err == nil || errors.As(err, &sig) {
		t.Errorf("another digest: %v", err)
	}
	if err := bundle.Verify(key.Public()); err == nil {
		t.Error("verified for no digest")
	}
	if err := bundle.Verify(PublicKey{}, one); err == nil {
		t.Error("verified with the zero key")
	}
}

// TestEveryByteOfABundleCounts changes each byte of a bundle: hardly any change
// verifies, and none says something else.
func TestEveryByteOfABundleCounts(t *testing.T) {
	key := testKey(t)
	b, err := Sign(t.Context(), key, testStatement())
	if err != nil {
		t.Fatal(err)
	}
	good, err := DecodeBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	verified := 0
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		got, err := DecodeBundle(changed)
		if err != nil || got.Verify(key.Public(), one) != nil {
			continue
		}
		verified++
		if !bytes.Equal(got.Payload, good.Payload) {
			t.Errorf("byte %d: %q still verifies, and says something else:\n%s", i, changed[i], changed)
		}
	}
	// The hint proves nothing, and the last characters of base64 have spare bits.
	if most := len(key.Public().Hint()) + 4; verified > most {
		t.Errorf("%d changes still verify, want at most %d", verified, most)
	}
}

func TestReadsWhatCosignWrites(t *testing.T) {
	bundle, err := DecodeBundle(testdata(t, "cosign-bundle.json"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := ParsePublicKey(testdata(t, "cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Verify(public, digest.FromString("artifact")); err != nil {
		t.Error(err)
	}
	if bundle.Hint != public.Hint() {
		t.Errorf("hint %s, ours is %s", bundle.Hint, public.Hint())
	}
	for _, name := range []string{"cosign.key", "cosign-old.key"} {
		key, err := ParseKey(testdata(t, name), func() ([]byte, error) { return []byte("theirs"), nil })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(public.PEM(), key.Public().PEM()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDecodeStatement(t *testing.T) {
	const subject = `"subject":[{"name":"a","digest":{"sha256":"00"}}]`
	for _, tt := range []struct{ name, in, want string }{
		{"v1", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"p","predicate":{}}`, ""},
		{"v0.1", ` {"_type":"https://in-toto.io/Statement/v0.1",` + subject + `,"predicateType":"p","predicate":{}} `, ""},
		{"empty", ``, "decode statement: unexpected EOF"},
		{"array", `[]`, "decode statement: not an object"},
		{"truncated", `{"_type":"x"`, "decode statement: unexpected EOF"},
		{"trailing", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"p","predicate":{}}{}`, "decode statement: trailing bytes"},
		{"unknown", `{"_type":"x","extra":1}`, `decode statement: unknown field "extra"`},
		{"case", `{"_TYPE":"x"}`, `decode statement: unknown field "_TYPE"`},
		{"twice", `{"_type":"x","_type":"y"}`, `decode statement: field "_type" twice`},
		{"lacks", `{"_type":"https://in-toto.io/Statement/v1","predicateType":"p","predicate":{}}`, `decode statement: no field "subject", only ["_type" "predicate" "predicateType"]`},
		{"type", `{"_type":"x",` + subject + `,"predicateType":"p","predicate":{}}`, `decode statement: type "x" is not an in-toto statement`},
		{"predicate type", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"","predicate":{}}`, "decode statement: predicateType is empty"},
		{"predicate", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"p","predicate":[]}`, "decode statement: predicate is not an object"},
		{"predicate's field twice", `{"_type":"https://in-toto.io/Statement/v1",` + subject + `,"predicateType":"p","predicate":{"a":{"b":1,"b":2}}}`, `decode statement: predicate: field "b" twice`},
		{"no subject", `{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"p","predicate":{}}`, "decode statement: no subject"},
		{"no digest", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{}}],"predicateType":"p","predicate":{}}`, "decode statement: subject 0: no digest"},
		{"subject's field", `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","uri":"u","digest":{"a":"b"}}],"predicateType":"p","predicate":{}}`, `decode statement: subject 0: unknown field "uri"`},
		{"UTF-8", "{\"_type\":\"\xff\"}", "decode statement: not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := DecodeStatement([]byte(tt.in))
			if got := text(err); got != tt.want {
				t.Errorf("error %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := DecodeStatement(make([]byte, MaxStatementBytes+1)); err == nil {
		t.Error("too large, and taken")
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestKeyFiles(t *testing.T) {
	key := testKey(t)
	b, err := EncryptKey(key, []byte("right"))
	if err != nil {
		t.Fatal(err)
	}
	password := func(p string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(p), nil } }
	got, err := ParseKey(b, password("right"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(key.Public().PEM(), got.Public().PEM()); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseKey(b, password("wrong")); !errors.Is(err, ErrPassword) {
		t.Errorf("wrong password: %v", err)
	}
	asked := errors.New("asked")
	if _, err := ParseKey(b, func() ([]byte, error) { return nil, asked }); !errors.Is(err, asked) {
		t.Errorf("no password: %v", err)
	}
	for _, tt := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "parse private key: not a PEM file"},
		{"public", key.Public().PEM(), "parse private key: this is a public key, signing needs the private one"},
		{"two", append(bytes.Clone(b), b...), "parse private key: more than one PEM block"},
		{"certificate", []byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"), `parse private key: PEM type "CERTIFICATE" is not supported`},
	} {
		if _, err := ParseKey(tt.in, password("right")); text(err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestKindsOfKeys(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewKey(p224); text(err) != "ECDSA curve P-224 is not supported" {
		t.Errorf("P-224: %v", err)
	}
	if _, err := NewKey(ed); text(err) != "key type ed25519.PublicKey is not supported, use ECDSA or RSA" {
		t.Errorf("Ed25519: %v", err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := NewKey(r)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := NewKey(p384)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*Key{rsaKey, ecKey} {
		if _, err := Sign(context.Background(), key, testStatement()); err != nil {
			t.Errorf("%s: %v", key.GetKeyAlgorithm(), err)
		}
	}
}

func TestPrintableHint(t *testing.T) {
	for in, want := range map[string]string{
		"": "a certificate",
		base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xab}, 32)): "sha256:" + strings.Repeat("ab", 32),
		"\x1b[31m": `hint "\x1b[31m"`,
	} {
		if got := PrintableHint(in); got != want {
			t.Errorf("PrintableHint(%q) = %s, want %s", in, got, want)
		}
	}
}

// TestCertificatesAreNoKeys: a bundle that carries a certificate for the very key
// that signed it is not signed with a key.
func TestCertificatesAreNoKeys(t *testing.T) {
	key := testKey(t)
	b, err := Sign(t.Context(), key, testStatement())
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.GetPublicKey(), key.signer)
	if err != nil {
		t.Fatal(err)
	}
	with := regexp.MustCompile(`"publicKey":\{[^}]*\}`).ReplaceAll(b, fmt.Appendf(nil, `"certificate":{"rawBytes":%q}`, base64.StdEncoding.EncodeToString(der)))
	bundle, err := DecodeBundle(with)
	if err != nil {
		t.Fatal(err)
	}
	var sig *SignatureError
	if err := bundle.Verify(key.Public(), one); !errors.As(err, &sig) || !strings.Contains(err.Error(), "signed with a certificate, not with a key") {
		t.Errorf("certificate: %v", err)
	}
}

// TestTheOtherHalfOfACurveSaysTheSame: of an ECDSA signature there is a second form.
// It verifies, and the payload is the same.
func TestTheOtherHalfOfACurveSaysTheSame(t *testing.T) {
	key := testKey(t)
	b, err := Sign(t.Context(), key, testStatement())
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`"sig":"([^"]*)"`).FindSubmatch(b)
	der, err := base64.StdEncoding.DecodeString(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		t.Fatal(err)
	}
	sig.S.Sub(elliptic.P256().Params().N, sig.S)
	if der, err = asn1.Marshal(sig); err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(b, found[1], []byte(base64.StdEncoding.EncodeToString(der)), 1)
	bundle, err := DecodeBundle(other)
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Verify(key.Public(), one); err != nil || !bytes.Contains(bundle.Payload, testStatement().Predicate) {
		t.Errorf("%v\n%s", err, bundle.Payload)
	}
}
