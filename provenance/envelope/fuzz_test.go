package envelope

import (
	"bytes"
	"testing"
)

func FuzzDecodeStatement(f *testing.F) {
	b, err := testStatement().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	bundle, err := DecodeBundle(testdata(f, "cosign-bundle.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bundle.Payload)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeStatement(b)
		if err != nil {
			return
		}
		enc, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeStatement(enc)
		if err != nil {
			t.Fatalf("%v: %s", err, enc)
		}
		if !bytes.Equal(again.Predicate, s.Predicate) || len(again.Subject) != len(s.Subject) {
			t.Fatalf("%s became %s", b, enc)
		}
	})
}

func FuzzDecodeBundle(f *testing.F) {
	f.Add(testdata(f, "cosign-bundle.json"))
	key := testKey(f)
	b, err := Sign(f.Context(), key, testStatement())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	innocent := testKey(f).Public()
	f.Fuzz(func(t *testing.T, b []byte) {
		bundle, err := DecodeBundle(b)
		if err != nil {
			return
		}
		if bundle.Verify(innocent, one) == nil {
			t.Fatal("verified with a key that signed nothing")
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, name := range []string{"cosign.key", "cosign.pub"} {
		f.Add(testdata(f, name))
	}
	// Unencrypted, so that the parsers behind are reached without scrypt.
	f.Add([]byte("-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		refuse := func() ([]byte, error) { return nil, ErrPassword }
		if k, err := ParseKey(b, refuse); err == nil && k.Public().Hint() == "" {
			t.Fatal("key without a hint")
		}
		if p, err := ParsePublicKey(b); err == nil {
			if again, err := ParsePublicKey(p.PEM()); err != nil || again.Fingerprint() != p.Fingerprint() {
				t.Fatalf("%v: %s became %s", err, p.Fingerprint(), again.Fingerprint())
			}
		}
	})
}
