package trust

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/provenance/trust/trusttest"
)

const (
	issuer  = "https://token.actions.example"
	subject = "https://github.example/org/app/.github/workflows/release.yml@refs/heads/main"
)

// keyless is a signature over the artifact by an identity.
func keyless(t testing.TB, s *trusttest.Sigstore, subject, issuer string) []byte {
	return s.Sign(t, subject, issuer, statement(SignType, artifact))
}

func TestIdentities(t *testing.T) {
	ours, other := trusttest.New(t), trusttest.New(t)
	bundle := keyless(t, ours, subject, issuer)
	for _, c := range []struct {
		name, identities string
		root             []byte
		want             string // error; empty: verified
	}{
		{"the identity", fmt.Sprintf(`[{"issuer":%q,"subject":%q}]`, issuer, subject), ours.Root(t, false), ""},
		{"a pattern", fmt.Sprintf(`[{"issuer":%q,"subjectRegexp":"https://github\\.example/org/[^/]+/.*"}]`, issuer), ours.Root(t, false), ""},
		{"one of two", fmt.Sprintf(`[{"issuer":%q,"subject":"x"},{"issuer":%q,"subject":%q}]`, issuer, issuer, subject), ours.Root(t, false), ""},
		{"half a pattern", fmt.Sprintf(`[{"issuer":%q,"subjectRegexp":"https://github\\.example/org/"}]`, issuer), ours.Root(t, false), "no matching CertificateIdentity"},
		{"an alternative in a pattern", fmt.Sprintf(`[{"issuer":%q,"subjectRegexp":"x|https://github\\.example/org/"}]`, issuer), ours.Root(t, false), "no matching CertificateIdentity"},
		{"another subject", fmt.Sprintf(`[{"issuer":%q,"subject":"x"}]`, issuer), ours.Root(t, false), "no matching CertificateIdentity"},
		{"another issuer", fmt.Sprintf(`[{"issuer":"https://x.test","subject":%q}]`, subject), ours.Root(t, false), "no matching CertificateIdentity"},
		{"another authority", fmt.Sprintf(`[{"issuer":%q,"subject":%q}]`, issuer, subject), other.Root(t, false), "verify"},
		{"a certificate that is in no log", fmt.Sprintf(`[{"issuer":%q,"subject":%q}]`, issuer, subject), ours.Root(t, true), "signed certificate timestamp"},
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
	s, k := trusttest.New(t), p256(t)
	keys := anchorsOf(t, map[string][]byte{"k.pub": pemOf(t, k.Public())})
	ids := anchorsOf(t, map[string][]byte{
		IdentitiesFile: fmt.Appendf(nil, `[{"issuer":%q,"subject":%q}]`, issuer, subject), TrustedRootFile: s.Root(t, false),
	})
	if _, err := keys.Verify(keyless(t, s, subject, issuer), artifact); err == nil || !strings.Contains(err.Error(), "no identity is trusted") {
		t.Errorf("a certificate where keys are trusted: %v", err)
	}
	if _, err := ids.Verify(signedBundle(t, k), artifact); err == nil || !strings.Contains(err.Error(), "no key is trusted") {
		t.Errorf("a key where identities are trusted: %v", err)
	}
}
