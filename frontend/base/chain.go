package base

import (
	"fmt"
	"slices"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/sigstore"
	"github.com/sworn-build/sworn/provenance/trust"
	"github.com/sworn-build/sworn/step"
)

// MaxManifestBytes bounds manifests and indexes: registries take no larger ones (OCI
// distribution-spec, "Pushing Manifests").
const MaxManifestBytes = 4 << 20

// Refusal says why an image may not be built upon.
type Refusal struct {
	// Found is what is there instead.
	Found string
	// Advice says what to do; it may be empty.
	Advice string
	// Absent: what was looked for is not there, and that is certain.
	Absent bool
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Advice == "" {
		return r.Found
	}
	return r.Found + "; " + r.Advice
}

func refusef(format string, args ...any) error {
	return &Refusal{Found: fmt.Sprintf(format, args...)}
}

// errNoIndex is of an image whose digest is that of a lone manifest.
var errNoIndex = &Refusal{Found: "it is no OCI index, so it has no attestations", Advice: BuildAdvice, Absent: true}

// Advice that more than one refusal gives.
const (
	// BuildAdvice is for images without attestations.
	BuildAdvice = "build it with attestations (docker buildx build --push --provenance=mode=max) and sign them (sworn sign --key KEY IMAGE)"
	signAdvice  = "sign it (sworn sign --key KEY IMAGE); a builder that has looked before may remember that there was no signature until buildctl prune"
)

// Check verifies that the attestations of an image are signed. pinned is the digest that
// the build is held to, chain what the builder says of it. Every link is verified here.
//
// Errors: [Refusal].
func Check(chain *sourceresolver.AttestationChain, pinned digest.Digest, platform ocispecs.Platform, anchors trust.Anchors) (*step.Verified, error) {
	if chain == nil {
		return nil, errNoIndex
	}
	c := checking{chain}
	image, attestation, err := c.index(pinned, platform)
	if err != nil {
		return nil, err
	}
	types, manifest, err := c.attestation(attestation, image)
	if err != nil {
		return nil, err
	}
	bundle, err := c.signature(attestation)
	if err != nil {
		return nil, err
	}
	signer, err := anchors.Verify(bundle, manifest)
	if err != nil {
		return nil, &Refusal{
			Found:  fmt.Sprintf("its attestation manifest %s is signed by nobody who is trusted here (%s): %v", attestation.Digest, anchors, err),
			Advice: "have it signed by one of them, or have the operator trust its signer; of several signatures BuildKit shows one",
		}
	}
	return &step.Verified{
		Key: signer.Key, Identity: signer.Identity, Issuer: signer.Issuer,
		Attestations:   map[string]string{attestation.Digest.Algorithm().String(): attestation.Digest.Encoded()},
		PredicateTypes: types,
	}, nil
}

// checking verifies the links of a chain. Nothing in the chain is believed.
type checking struct {
	chain *sourceresolver.AttestationChain
}

// blob returns the content of a digest.
func (c checking) blob(what string, d digest.Digest, limit int) ([]byte, error) {
	if err := d.Validate(); err != nil || d.Algorithm() != digest.SHA256 {
		return nil, refusef("the digest %.100q of its %s is no SHA-256", d, what)
	}
	b, ok := c.chain.Blobs[d]
	switch {
	case !ok || b.Data == nil:
		return nil, refusef("the builder did not read its %s %s", what, d)
	case len(b.Data) > limit:
		return nil, refusef("its %s %s has %d bytes, more than %d", what, d, len(b.Data), limit)
	case digest.FromBytes(b.Data) != d:
		return nil, refusef("its %s has another digest than %s", what, d)
	}
	return b.Data, nil
}

// signature returns the bundle that a signature manifest holds for an attestation
// manifest.
func (c checking) signature(attestation ocispecs.Descriptor) ([]byte, error) {
	switch len(c.chain.SignatureManifests) {
	case 0:
		return nil, &Refusal{Found: fmt.Sprintf("its attestation manifest %s has no signature", attestation.Digest), Advice: signAdvice}
	case 1:
	default:
		return nil, refusef("the builder shows %d signatures, want one", len(c.chain.SignatureManifests))
	}
	d := c.chain.SignatureManifests[0]
	b, err := c.blob("signature manifest", d, MaxManifestBytes)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return nil, refusef("its signature manifest %s: %v", d, err)
	}
	if err := refersTo(m, attestation); err != nil {
		return nil, refusef("its signature manifest %s: %v", d, err)
	}
	if len(m.Layers) != 1 || m.Layers[0].MediaType != sigstore.BundleMediaType {
		return nil, &Refusal{
			Found:  fmt.Sprintf("its signature manifest %s holds no Sigstore bundle (artifact type %.100q)", d, m.ArtifactType),
			Advice: "sign it with sworn sign, or with cosign 3 (cosign sign --new-bundle-format)",
		}
	}
	return c.blob("signature", m.Layers[0].Digest, trust.MaxBundleBytes)
}

// attestation verifies that a manifest of attestations is about an image manifest, and
// returns the types of its statements and its bytes.
func (c checking) attestation(d, image ocispecs.Descriptor) ([]string, []byte, error) {
	b, err := c.blob("attestation manifest", d.Digest, MaxManifestBytes)
	if err != nil {
		return nil, nil, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return nil, nil, refusef("its attestation manifest %s: %v", d.Digest, err)
	}
	if m.Subject != nil {
		err = refersTo(m, image)
	} else {
		err = c.about(m, image)
	}
	if err != nil {
		return nil, nil, refusef("its attestation manifest %s: %v", d.Digest, err)
	}
	var types []string
	for _, l := range statements(m, nil) {
		types = append(types, l.Annotations[predicateTypeAnnotation])
	}
	if len(types) == 0 {
		return nil, nil, &Refusal{Found: fmt.Sprintf("its attestation manifest %s holds no statement", d.Digest), Advice: BuildAdvice}
	}
	slices.Sort(types)
	return slices.Compact(types), b, nil
}

// refersTo verifies that a manifest's subject is another one.
func refersTo(m ocispecs.Manifest, to ocispecs.Descriptor) error {
	switch {
	case m.Subject == nil:
		return fmt.Errorf("it has no subject, want %s", to.Digest)
	case m.Subject.Digest != to.Digest:
		return fmt.Errorf("its subject is %.100q, want %s", m.Subject.Digest, to.Digest)
	case m.Subject.Size != to.Size || m.Subject.MediaType != to.MediaType:
		return fmt.Errorf("it says that %s has %d bytes of %.100q; it has %d of %s", to.Digest, m.Subject.Size, m.Subject.MediaType, to.Size, to.MediaType)
	}
	return nil
}
