// Package sigstore has what those who sign and those who only verify have in common: the
// form of Sigstore bundles with in-toto statements, and which keys are taken. It verifies
// nothing itself, and holds no private key.
package sigstore
