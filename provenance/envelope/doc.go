// Package envelope signs in-toto statements and verifies signed ones: an in-toto
// Statement v1 in a DSSE envelope in a Sigstore bundle v0.3, with a key from a
// file.
//
// It refuses statements with unknown or repeated fields, bundles with a
// certificate, more than one signature or a payload that is not in-toto, and keys
// that cosign could not use. Whatever it signs it verifies before it returns it.
//
//	key, err := envelope.ParseKey(pem, password)
//	signed, err := envelope.Sign(ctx, key, statement)
//	b, err := envelope.DecodeBundle(signed)
//	err = b.Verify(key.Public(), indexDigest, manifestDigest)
//
// Specifications: in-toto attestation framework, Statement v1; DSSE v1.0;
// Sigstore bundle format v0.3.
package envelope
