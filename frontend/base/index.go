package base

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance"
)

// How BuildKit stores attestations: docs/attestations/attestation-storage.md there.
const (
	refDigestAnnotation     = "vnd.docker.reference.digest"
	refTypeAnnotation       = "vnd.docker.reference.type"
	attestationManifest     = "attestation-manifest"
	predicateTypeAnnotation = "in-toto.io/predicate-type"
)

// maxManifests bounds the manifests of an index.
const maxManifests = 1000

// IsIndex reports whether content says of itself that it is an OCI index. Of another root
// a builder must not be asked for the chain: as late as 0.33.1 the whole daemon ends.
func IsIndex(b []byte) bool {
	_, err := parseIndex(b)
	return err == nil
}

func parseIndex(b []byte) (ocispecs.Index, error) {
	var ix ocispecs.Index
	if err := decode(b, &ix, "config", "layers"); err != nil {
		return ix, err
	}
	switch {
	case ix.MediaType != ocispecs.MediaTypeImageIndex:
		return ix, fmt.Errorf("media type %.100q, want %s", ix.MediaType, ocispecs.MediaTypeImageIndex)
	case len(ix.Manifests) > maxManifests:
		return ix, fmt.Errorf("%d manifests, more than %d", len(ix.Manifests), maxManifests)
	}
	return ix, nil
}

func parseManifest(b []byte) (ocispecs.Manifest, error) {
	var m ocispecs.Manifest
	if err := decode(b, &m, "manifests"); err != nil {
		return m, err
	}
	if m.MediaType != ocispecs.MediaTypeImageManifest {
		return m, fmt.Errorf("media type %.100q, want %s", m.MediaType, ocispecs.MediaTypeImageManifest)
	}
	return m, nil
}

// decode reads a document that every reader takes for the same: without a field twice and
// without those of another kind of document (GHSA-77vh-xpmg-72qh).
func decode(b []byte, v any, others ...string) error {
	if err := provenance.CheckKeys(b, provenance.FoldKey); err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	for name := range fields {
		if slices.Contains(others, strings.ToLower(name)) {
			return fmt.Errorf("it has the field %q of another kind of document", name)
		}
	}
	return json.Unmarshal(b, v)
}

// index verifies the root and returns what it names: the image manifest of the platform
// and the attestation manifest of that.
func (c checking) index(pinned digest.Digest, platform ocispecs.Platform) (image, attestation ocispecs.Descriptor, err error) {
	if c.chain.Root != pinned {
		return image, attestation, refusef("the builder speaks of %.100q, the build is held to %s", c.chain.Root, pinned)
	}
	b, err := c.blob("index", pinned, MaxManifestBytes)
	if err != nil {
		return image, attestation, err
	}
	image, attestation, err = attestations(b, platform)
	if image.Digest == "" {
		return image, attestation, err
	}
	if c.chain.ImageManifest != image.Digest {
		return image, attestation, refusef("the builder takes %.100q for %s, its index has %s", c.chain.ImageManifest, platforms.FormatAll(platform), image.Digest)
	}
	if err == nil && c.chain.AttestationManifest != attestation.Digest {
		err = refusef("the builder takes %.100q for its attestation manifest, its index has %s", c.chain.AttestationManifest, attestation.Digest)
	}
	return image, attestation, err
}

// attestations returns what an index names, the image manifest also with an error about the
// other.
func attestations(index []byte, platform ocispecs.Platform) (image, attestation ocispecs.Descriptor, err error) {
	ix, err := parseIndex(index)
	if err != nil {
		return image, attestation, refusef("its index: %v", err)
	}
	if image, err = choose(ix, platform); err != nil {
		return ocispecs.Descriptor{}, attestation, refusef("its index: %v", err)
	}
	attestation, err = attested(ix, image.Digest)
	return image, attestation, err
}

// choose returns the manifest that every reader takes for the platform: the best match,
// with none as good beside it. What could hide another one is an error.
func choose(ix ocispecs.Index, platform ocispecs.Platform) (ocispecs.Descriptor, error) {
	want := platforms.Only(platform)
	var found []ocispecs.Descriptor
	for i, m := range ix.Manifests {
		switch {
		case isAttestation(m):
			if m.Platform == nil || m.Platform.OS != "unknown" {
				return m, fmt.Errorf("its attestation manifest %s could be taken for an image", m.Digest)
			}
		case m.MediaType != ocispecs.MediaTypeImageManifest:
			return m, fmt.Errorf("manifest %d has media type %.100q, want %s", i+1, m.MediaType, ocispecs.MediaTypeImageManifest)
		case m.Platform == nil:
			return m, fmt.Errorf("manifest %d names no platform", i+1)
		case want.Match(*m.Platform):
			found = append(found, m)
		}
	}
	if len(found) == 0 {
		return ocispecs.Descriptor{}, fmt.Errorf("no manifest for %s", platforms.FormatAll(platform))
	}
	slices.SortStableFunc(found, func(a, b ocispecs.Descriptor) int {
		switch {
		case want.Less(*a.Platform, *b.Platform):
			return -1
		case want.Less(*b.Platform, *a.Platform):
			return 1
		}
		return 0
	})
	if len(found) > 1 && !want.Less(*found[0].Platform, *found[1].Platform) {
		return ocispecs.Descriptor{}, fmt.Errorf("two manifests for %s", platforms.FormatAll(platform))
	}
	return found[0], nil
}

func isAttestation(m ocispecs.Descriptor) bool {
	return m.Annotations[refTypeAnnotation] == attestationManifest
}

// attested returns the one attestation manifest of an image manifest.
func attested(ix ocispecs.Index, image digest.Digest) (ocispecs.Descriptor, error) {
	var found []ocispecs.Descriptor
	for _, m := range ix.Manifests {
		if isAttestation(m) && m.Annotations[refDigestAnnotation] == image.String() {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 0:
		return ocispecs.Descriptor{}, &Refusal{Found: "its index lists no attestation manifest for it", Advice: BuildAdvice, Absent: true}
	case 1:
		return found[0], nil
	}
	return ocispecs.Descriptor{}, refusef("its index lists %d attestation manifests for %s, want one", len(found), image)
}
