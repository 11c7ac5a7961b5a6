// Package trust verifies a signature over an artifact with the keys and identities that
// somebody trusts: a Sigstore bundle v0.3 with a DSSE envelope or a signature over the
// artifact itself.
//
// It holds no private key and talks to nobody: certificates are verified with a trusted
// root from a file. It refuses statements that say something else than that the artifact
// is signed, and certificates where no identity is trusted.
//
//	anchors, err := trust.Read("/etc/sworn/base")
//	signer, err := anchors.Verify(bundle, manifest)
//
// Specifications: Sigstore bundle format v0.3, DSSE v1.0, in-toto Statement v1, Sigstore
// client specification.
package trust
