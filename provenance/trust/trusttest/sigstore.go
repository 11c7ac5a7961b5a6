// Package trusttest signs as Sigstore does, for tests.
//
//	s := trusttest.New(t)
//	bundle := s.Sign(t, "me@example.com", "https://issuer.test", statement)
package trusttest

import (
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"google.golang.org/protobuf/encoding/protojson"
)

// Sigstore is a certificate authority with a transparency log and a timestamping
// authority, all of them of this process: sigstore-go's own, for its tests. A public
// Fulcio would have to be asked over the Internet.
type Sigstore struct{ ca *ca.VirtualSigstore }

// New returns a Sigstore that nobody else has.
func New(t testing.TB) *Sigstore {
	t.Helper()
	s, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	return &Sigstore{s}
}

// Root is its trusted root in JSON, with the certificate log, in which none of its
// certificates is, when asked for.
func (s *Sigstore) Root(t testing.TB, certificateLog bool) []byte {
	t.Helper()
	logs := map[string]*root.TransparencyLog{}
	if certificateLog {
		logs = s.ca.CTLogs()
	}
	rekor := s.ca.RekorLogs()
	for _, l := range []map[string]*root.TransparencyLog{logs, rekor} {
		for id, log := range l { // it has the hex for the bytes
			var err error
			if log.ID, err = hex.DecodeString(id); err != nil {
				t.Fatal(err)
			}
			log.SignatureHashFunc = crypto.SHA256
		}
	}
	r, err := root.NewTrustedRoot(root.TrustedRootMediaType01, s.ca.FulcioCertificateAuthorities(), logs, s.ca.TimestampingAuthorities(), rekor)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Sign returns a bundle with an in-toto statement, signed by an identity.
func (s *Sigstore) Sign(t testing.TB, subject, issuer string, statement []byte) []byte {
	t.Helper()
	e, err := s.ca.AttestHashedRekordV2(subject, issuer, statement)
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
