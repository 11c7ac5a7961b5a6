package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/sworn-build/sworn/provenance"
)

// Identity is whom a certificate of Fulcio's was given to. Exactly one of Subject and
// SubjectRegexp is set.
type Identity struct {
	// Issuer is the URL of the OIDC issuer, whole.
	Issuer string `json:"issuer"`
	// Subject is the certificate's subject alternative name, whole.
	Subject string `json:"subject,omitempty"`
	// SubjectRegexp matches it from beginning to end.
	SubjectRegexp string `json:"subjectRegexp,omitempty"`
}

// String implements fmt.Stringer.
func (i Identity) String() string {
	if i.SubjectRegexp != "" {
		return "identity /" + i.SubjectRegexp + "/ of " + i.Issuer
	}
	return "identity " + i.Subject + " of " + i.Issuer
}

func parseIdentities(b []byte) ([]Identity, error) {
	if err := provenance.CheckKeys(b, provenance.FoldKey); err != nil {
		return nil, err
	}
	var all []Identity
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("trailing bytes")
	}
	if len(all) == 0 {
		return nil, errors.New("no identity")
	}
	for n, i := range all {
		if i.Issuer == "" || (i.Subject == "") == (i.SubjectRegexp == "") {
			return nil, fmt.Errorf("identity %d: want issuer, and subject or subjectRegexp", n+1)
		}
		if _, err := i.policy(); err != nil {
			return nil, fmt.Errorf("identity %d: %w", n+1, err)
		}
	}
	return all, nil
}

// policy is what a certificate has to fulfil to be the identity's.
func (i Identity) policy() (verify.CertificateIdentity, error) {
	pattern := ""
	if i.SubjectRegexp != "" {
		pattern = "^(?:" + i.SubjectRegexp + ")$"
	}
	san, err := verify.NewSANMatcher(i.Subject, pattern)
	if err != nil {
		return verify.CertificateIdentity{}, err
	}
	issuer, err := verify.NewIssuerMatcher(i.Issuer, "")
	if err != nil {
		return verify.CertificateIdentity{}, err
	}
	return verify.NewCertificateIdentity(san, issuer, certificate.Extensions{})
}

func parseRoot(b []byte) (*root.TrustedRoot, error) {
	r, err := root.NewTrustedRootFromJSON(b)
	if err != nil {
		return nil, err
	}
	if len(r.FulcioCertificateAuthorities()) == 0 {
		return nil, errors.New("no certificate authority")
	}
	if len(r.RekorLogs())+len(r.TimestampingAuthorities()) == 0 {
		return nil, errors.New("neither a transparency log nor a timestamping authority: the time of a signature cannot be told")
	}
	return r, nil
}
