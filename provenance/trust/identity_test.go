package trust

import (
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	issuer  = "https://token.actions.example"
	subject = "https://github.example/org/app/.github/workflows/release.yml@refs/heads/main"
)

// sigstore is a certificate authority with a transparency log and a timestamping
// authority, all of them of this process: sigstore-go's own, for its tests. A public
// Fulcio would have to be asked over the Internet.
func sigstore(t testing.TB) *ca.VirtualSigstore {
	t.Helper()
	s, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rootOf is the trusted root of a sigstore, with its certificate log when asked for.
func rootOf(t testing.TB, s *ca.VirtualSigstore, certificateLog bool) []byte {
	t.Helper()
	logs := map[string]*root.TransparencyLog{}
	if certificateLog {
		logs = s.CTLogs()
	}
	rekor := s.RekorLogs()
	for _, l := range []map[string]*root.TransparencyLog{logs, rekor} {
		for id, log := range l { // it has the hex for the bytes
			var err error
			if log.ID, err = hex.DecodeString(id); err != nil {
				t.Fatal(err)
			}
			log.SignatureHashFunc = crypto.SHA256
		}
	}
	r, err := root.NewTrustedRoot(root.TrustedRootMediaType01, s.FulcioCertificateAuthorities(), logs, s.TimestampingAuthorities(), rekor)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyless is a signature over the artifact by an identity.
func keyless(t testing.TB, s *ca.VirtualSigstore, subject, issuer string) []byte {
	t.Helper()
	e, err := s.AttestHashedRekordV2(subject, issuer, statement(SignType, artifact))
	if err != nil {
		t.Fatal(err)
	}
	material, err := e.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	content, err := e.SignatureContent()
	if err != nil {
		t.Fatal(err)
	}
	env := content.EnvelopeContent().RawEnvelope()
	payload, err := env.DecodeB64Payload()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(env.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	stamps, err := e.Timestamps()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := e.TlogEntries()
	if err != nil {
		t.Fatal(err)
	}
	pb := &protobundle.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content:                   &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: material.Certificate().Raw}},
			TimestampVerificationData: &protobundle.TimestampVerificationData{},
		},
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: payload, PayloadType: env.PayloadType, Signatures: []*protodsse.Signature{{Sig: sig}},
		}},
	}
	for _, s := range stamps {
		pb.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps = append(pb.VerificationMaterial.TimestampVerificationData.Rfc3161Timestamps,
			&protocommon.RFC3161SignedTimestamp{SignedTimestamp: s})
	}
	for _, e := range entries {
		pb.VerificationMaterial.TlogEntries = append(pb.VerificationMaterial.TlogEntries, e.TransparencyLogEntry())
	}
	b, err := protojson.Marshal(pb)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestIdentities(t *testing.T) {
	ours, other := sigstore(t), sigstore(t)
	bundle := keyless(t, ours, subject, issuer)
	for _, c := range []struct {
		name, identities string
		root             []byte
		want             string // error; empty: verified
	}{
		{"the identity", fmt.Sprintf(`[{"issuer":%q,"subject":%q}]`, issuer, subject), rootOf(t, ours, false), ""},
		{"a pattern", fmt.Sprintf(`[{"issuer":%q,"subjectRegexp":"https://github\\.example/org/[^/]+/.*"}]`, issuer), rootOf(t, ours, false), ""},
		{"one of two", fmt.Sprintf(`[{"issuer":%q,"subject":"x"},{"issuer":%q,"subject":%q}]`, issuer, issuer, subject), rootOf(t, ours, false), ""},
		{"half a pattern", fmt.Sprintf(`[{"issuer":%q,"subjectRegexp":"https://github\\.example/org/"}]`, issuer), rootOf(t, ours, false), "no matching CertificateIdentity"},
		{"an alternative in a pattern", fmt.Sprintf(`[{"issuer":%q,"subjectRegexp":"x|https://github\\.example/org/"}]`, issuer), rootOf(t, ours, false), "no matching CertificateIdentity"},
		{"another subject", fmt.Sprintf(`[{"issuer":%q,"subject":"x"}]`, issuer), rootOf(t, ours, false), "no matching CertificateIdentity"},
		{"another issuer", fmt.Sprintf(`[{"issuer":"https://x.test","subject":%q}]`, subject), rootOf(t, ours, false), "no matching CertificateIdentity"},
		{"another authority", fmt.Sprintf(`[{"issuer":%q,"subject":%q}]`, issuer, subject), rootOf(t, other, false), "verify"},
		{"a certificate that is in no log", fmt.Sprintf(`[{"issuer":%q,"subject":%q}]`, issuer, subject), rootOf(t, ours, true), "signed certificate timestamp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := anchorsOf(t, map[string][]byte{IdentitiesFile: []byte(c.identities), TrustedRootFile: c.root})
			by, err := a.Verify(bundle, artifact)
			var unknown *UnknownSignerError
			switch {
			case c.want == "" && (err != nil || by != Signer{Identity: subject, Issuer: issuer}):
				t.Errorf("%+v, %v", by, err)
			case c.want != "" && (!errors.As(err, &unknown) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%+v, %v; want %q", by, err, c.want)
			}
			if _, err := a.Verify(bundle, []byte("x")); err == nil {
				t.Error("verified over another artifact")
			}
		})
	}
}

// TestKeysAndIdentitiesDoNotStandInForEachOther: a key is not trusted because an identity
// is, and the other way about.
func TestKeysAndIdentitiesDoNotStandInForEachOther(t *testing.T) {
	s, k := sigstore(t), p256(t)
	keys := anchorsOf(t, map[string][]byte{"k.pub": pemOf(t, k.Public())})
	ids := anchorsOf(t, map[string][]byte{
		IdentitiesFile: fmt.Appendf(nil, `[{"issuer":%q,"subject":%q}]`, issuer, subject), TrustedRootFile: rootOf(t, s, false),
	})
	if _, err := keys.Verify(keyless(t, s, subject, issuer), artifact); err == nil || !strings.Contains(err.Error(), "no identity is trusted") {
		t.Errorf("a certificate where keys are trusted: %v", err)
	}
	if _, err := ids.Verify(signedBundle(t, k), artifact); err == nil || !strings.Contains(err.Error(), "no key is trusted") {
		t.Errorf("a key where identities are trusted: %v", err)
	}
}
