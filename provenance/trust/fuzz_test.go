package trust

import (
	"fmt"
	"testing"

	"github.com/sworn-build/sworn/provenance/trust/trusttest"
)

// FuzzVerify: whatever a bundle is, nobody who signed nothing has signed it.
func FuzzVerify(f *testing.F) {
	s := trusttest.New(f)
	f.Add(signedBundle(f, p256(f)))
	f.Add(keyless(f, s, subject, issuer))
	innocent := anchorsOf(f, map[string][]byte{
		"k.pub": pemOf(f, p256(f).Public()), TrustedRootFile: trusttest.New(f).Root(f, false),
		IdentitiesFile: fmt.Appendf(nil, `[{"issuer":%q,"subjectRegexp":".*"}]`, issuer),
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		if by, err := innocent.Verify(b, artifact); err == nil {
			t.Fatalf("signed by %+v", by)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add(pemOf(f, p256(f).Public()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := parseKey(b); err == nil && (k.verifier == nil || len(k.fingerprint) != len("sha256:")+64) {
			t.Fatalf("key %q", k.fingerprint)
		}
	})
}

func FuzzParseIdentities(f *testing.F) {
	f.Add(fmt.Appendf(nil, `[{"issuer":%q,"subject":%q},{"issuer":%q,"subjectRegexp":"https://a\\.test/.*"}]`, issuer, subject, issuer))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseIdentities(b)
		if err != nil {
			return
		}
		for _, i := range all {
			if _, err := i.policy(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
