package trust

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/sigstore/pkg/signature"
	sigdsse "github.com/sigstore/sigstore/pkg/signature/dsse"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/step/operator"
)

var artifact = []byte("an attestation manifest")

func statement(predicateType string, of []byte) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":%q}}],"predicateType":%q,"predicate":{}}`,
		digest.FromBytes(of).Encoded(), predicateType)
}

func pemOf(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// envelopeOf signs a payload as DSSE has it.
func envelopeOf(t testing.TB, private crypto.Signer, payloadType string, payload []byte) *dsse.Envelope {
	t.Helper()
	s, err := signature.LoadDefaultSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	es, err := dsse.NewEnvelopeSigner(&sigdsse.SignerAdapter{SignatureSigner: s, Pub: private.Public()})
	if err != nil {
		t.Fatal(err)
	}
	env, err := es.SignPayload(context.Background(), payloadType, payload)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func bundleOf(t testing.TB, private crypto.Signer, payloadType string, payload []byte) []byte {
	t.Helper()
	env := envelopeOf(t, private, payloadType, payload)
	b, err := json.Marshal(map[string]any{
		"mediaType":            "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": map[string]any{"publicKey": map[string]any{"hint": "no matter"}},
		"dsseEnvelope": map[string]any{
			"payload": env.Payload, "payloadType": env.PayloadType,
			"signatures": []map[string]any{{"sig": env.Signatures[0].Sig}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// signedBundle is a signature over the artifact.
func signedBundle(t testing.TB, private crypto.Signer) []byte {
	return bundleOf(t, private, sigstore.PayloadType, statement(SignType, artifact))
}

func p256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// folder writes files and returns where.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func anchorsOf(t testing.TB, files map[string][]byte) Anchors {
	t.Helper()
	a, err := Read(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestKindsOfKeys(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stranger := anchorsOf(t, map[string][]byte{"x.pub": pemOf(t, p256(t).Public())})
	for name, private := range map[string]crypto.Signer{"P-256": p256(t), "P-384": p384, "Ed25519": ed, "RSA": r} {
		t.Run(name, func(t *testing.T) {
			a := anchorsOf(t, map[string][]byte{"other.pub": pemOf(t, p256(t).Public()), "k.pem": pemOf(t, private.Public())})
			b := signedBundle(t, private)
			by, err := a.Verify(b, artifact)
			if err != nil || by.Key == "" || !strings.Contains(a.String(), by.Key) || by.Identity != "" {
				t.Errorf("%+v, %v; trusted: %s", by, err, a)
			}
			var unknown *UnknownSignerError
			if _, err := a.Verify(b, []byte("another manifest")); !errors.As(err, &unknown) {
				t.Errorf("another artifact: %v", err)
			}
			if _, err := stranger.Verify(b, artifact); !errors.As(err, &unknown) {
				t.Errorf("another key: %v", err)
			}
			if _, err := (Anchors{}).Verify(b, artifact); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "no key is trusted") {
				t.Errorf("nobody trusted: %v", err)
			}
		})
	}
}

// TestSwornsKeysHaveTheSameFingerprint: what sworn key generate writes, and sworn sign
// signs with.
func TestSwornsKeysHaveTheSameFingerprint(t *testing.T) {
	k, err := envelope.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	a := anchorsOf(t, map[string][]byte{"sworn.pub": k.Public().PEM()})
	b, err := envelope.Sign(t.Context(), k, envelope.Statement{
		PredicateType: SignType, Predicate: []byte("{}"), Subject: []envelope.Subject{envelope.SubjectOf("a", digest.FromBytes(artifact))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if by, err := a.Verify(b, artifact); err != nil || by.Key != k.Public().Fingerprint() {
		t.Errorf("%+v, %v; want %s", by, err, k.Public().Fingerprint())
	}
}

func TestBundlesThatSaySomethingElse(t *testing.T) {
	k := p256(t)
	a := anchorsOf(t, map[string][]byte{"k.pub": pemOf(t, k.Public())})
	good := signedBundle(t, k)
	for _, c := range []struct {
		name   string
		bundle []byte
		want   string
	}{
		{"empty", nil, "decode bundle: not a Sigstore bundle"},
		{"an attestation of a flaw", bundleOf(t, k, sigstore.PayloadType, statement("https://example.com/vulnerable", artifact)), `predicate type "https://example.com/vulnerable", want ` + SignType},
		{"no in-toto", bundleOf(t, k, "text/plain", statement(SignType, artifact)), `payload type "text/plain"`},
		{"another type", bundleOf(t, k, sigstore.PayloadType, bytes.Replace(statement(SignType, artifact), []byte("Statement/v1"), []byte("Statement/v9"), 1)), "is not an in-toto statement"},
		{"a field twice", bundleOf(t, k, sigstore.PayloadType, bytes.Replace(statement(SignType, artifact), []byte(`"subject"`), []byte(`"predicateType":"x","subject"`), 1)), "twice"},
		{"another artifact", bundleOf(t, k, sigstore.PayloadType, statement(SignType, []byte("x"))), "digests"},
		{"no signature", bytes.Replace(good, []byte(`"signatures":[{`), []byte(`"signatures":[],"x":[{`), 1), "decode bundle"},
		{"large", append(bytes.Clone(good), bytes.Repeat([]byte(" "), MaxBundleBytes)...), "more than"},
		{"an older form", bytes.Replace(good, []byte("bundle.v0.3+json"), []byte("bundle+json;version=0.2"), 1), "decode bundle"},
	} {
		if _, err := a.Verify(c.bundle, artifact); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestASignatureOverTheArtifactItself: a bundle without an envelope.
func TestASignatureOverTheArtifactItself(t *testing.T) {
	k := p256(t)
	s, err := signature.LoadDefaultSigner(k)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := s.SignMessage(bytes.NewReader(artifact))
	if err != nil {
		t.Fatal(err)
	}
	sum := digest.FromBytes(artifact)
	raw := []byte{}
	if _, err := fmt.Sscanf(sum.Encoded(), "%x", &raw); err != nil {
		t.Fatal(err)
	}
	b := fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"x"}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":%q},"signature":%q}}`,
		base64.StdEncoding.EncodeToString(raw), base64.StdEncoding.EncodeToString(sig))
	a := anchorsOf(t, map[string][]byte{"k.pub": pemOf(t, k.Public())})
	if _, err := a.Verify(b, artifact); err != nil {
		t.Error(err)
	}
	if _, err := a.Verify(b, []byte("x")); err == nil {
		t.Error("verified over another artifact")
	}
}

func TestEveryByteOfABundleCounts(t *testing.T) {
	k := p256(t)
	a := anchorsOf(t, map[string][]byte{"k.pub": pemOf(t, k.Public())})
	b := signedBundle(t, k)
	verified := 0
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		if _, err := a.Verify(changed, artifact); err == nil {
			verified++
		}
	}
	// The hint proves nothing, and the last characters of base64 have spare bits.
	if most := len("no matter") + 4; verified > most {
		t.Errorf("%d changes still verify, want at most %d", verified, most)
	}
}

func TestReadRefuses(t *testing.T) {
	k := p256(t)
	public := pemOf(t, k.Public())
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	const ids = `[{"issuer":"https://issuer.test","subject":"a"}]`
	for _, c := range []struct {
		file    string
		content []byte
		want    string
	}{
		{"key.pub", nil, "not a PEM file"},
		{"key.pub", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "this is a private key"},
		{"key.pub", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}), `PEM type "CERTIFICATE", want PUBLIC KEY`},
		{"key.pub", append(bytes.Clone(public), public...), "more than one key"},
		{"key.pub", pemOf(t, p224.Public()), "curve P-224 is not supported"},
		{"key.pub", pemOf(t, small.Public()), "RSA key of 1024 bits is too small"},
		{"key.pub", bytes.Repeat([]byte("x"), operator.MaxBytes+1), "more than"},
		{"key.pub.old", public, "neither a public key"},
		{IdentitiesFile, []byte(ids), "go together"},
		{IdentitiesFile, []byte(`[]`), "no identity"},
		{IdentitiesFile, []byte(`[{"issuer":"https://issuer.test"}]`), "want issuer, and subject or subjectRegexp"},
		{IdentitiesFile, []byte(`[{"subject":"a"}]`), "want issuer"},
		{IdentitiesFile, []byte(`[{"issuer":"i","subject":"a","subjectRegexp":"b"}]`), "want issuer"},
		{IdentitiesFile, []byte(`[{"issuer":"i","subjectRegexp":"("}]`), "missing closing )"},
		{IdentitiesFile, []byte(`[{"issuer":"i","subject":"a","extra":1}]`), "unknown field"},
		{IdentitiesFile, []byte(`[{"issuer":"i","subject":"a","Subject":"b"}]`), "twice"},
		{IdentitiesFile, []byte(ids + ids), "trailing bytes"},
		{TrustedRootFile, []byte(`{}`), TrustedRootFile},
	} {
		if _, err := Read(folder(t, map[string][]byte{c.file: c.content})); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.40q: %v, want %q", c.file, c.content, err, c.want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if a, err := Read(folder(t, nil)); err != nil || !a.Empty() {
		t.Errorf("an empty folder: %v, %v", a, err)
	}
}
