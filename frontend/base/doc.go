// Package base decides whether an image may be built upon: whether its attestations are
// signed by somebody whom the operator trusts.
//
// What is verified is one chain: the digest that the build is held to is an OCI index; it
// names one image manifest for the platform, and one attestation manifest for that; the
// attestation manifest is about that image manifest; a signature manifest refers to it,
// and the bundle in there is a signature over it by a trusted key or identity. Every link
// is checked by digest, whatever the builder says of it, and what two readers could
// understand in two ways is refused.
//
//	verified, err := base.Check(chain, digest, platform, anchors)
//
// Specifications: OCI image-spec 1.1 (index, manifest), BuildKit's attestation storage,
// Sigstore bundle format v0.3.
package base
