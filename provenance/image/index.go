package image

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Annotations by which BuildKit ties an attestation manifest to the manifest of a
// platform.
const (
	refTypeAnnotation   = "vnd.docker.reference.type"
	refDigestAnnotation = "vnd.docker.reference.digest"
	attestationManifest = "attestation-manifest"
	attestationPlatform = "unknown/unknown"
)

// Media types of Docker's own that registries still hold.
const (
	dockerManifest     = "application/vnd.docker.distribution.manifest.v2+json"
	dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
)

// maxPlatforms bounds the platforms of an image; memory holds the statements of all.
const maxPlatforms = 64

// Index is an image with attestations, as BuildKit exports it.
type Index struct {
	Descriptor ocispec.Descriptor
	// Platforms in the index's order; at least one.
	Platforms []Platform
}

// Platform is the image of one platform.
type Platform struct {
	// Name is "linux/amd64", or "linux/arm64/v8".
	Name     string
	Manifest ocispec.Descriptor
	// Attestation is the manifest that BuildKit's attestations hang on; nil when
	// there is none.
	Attestation *ocispec.Descriptor
}

// NoAttestationsError says that an image, or one of its platforms, has no
// attestations: it was not built by Sworn, or was copied without them.
type NoAttestationsError struct {
	// Subject is "image sha256:..." or "platform linux/amd64".
	Subject string
	// Why says what was found instead.
	Why string
}

// Error implements error.
func (e *NoAttestationsError) Error() string {
	return fmt.Sprintf("%s has no attestations: %s", e.Subject, e.Why)
}

// ReadIndex reads an image's index.
//
// Errors: [NoAttestationsError] when it is a single manifest, or no platform of
// it has attestations; [ContentError] when it is malformed.
func ReadIndex(ctx context.Context, f Fetcher, d ocispec.Descriptor) (Index, error) {
	subject := "image " + d.Digest.String()
	switch d.MediaType {
	case ocispec.MediaTypeImageIndex, dockerManifestList:
	case ocispec.MediaTypeImageManifest, dockerManifest:
		return Index{}, &NoAttestationsError{subject, "it is a single manifest, and attestations need an index"}
	default:
		return Index{}, contentErrorf(subject, "media type %.200q is not an image", d.MediaType)
	}
	b, err := Read(ctx, f, d, "index", MaxManifestBytes)
	if err != nil {
		return Index{}, err
	}
	var found []Platform
	err = checkDocument(b, d.MediaType, "a manifest", "layers", "config", "fsLayers")
	if err == nil {
		found, err = parseIndex(b)
	}
	if err != nil {
		return Index{}, &ContentError{subject, err}
	}
	for _, p := range found {
		if p.Attestation != nil {
			return Index{Descriptor: d, Platforms: found}, nil
		}
	}
	return Index{}, &NoAttestationsError{subject, "its index lists no attestation manifest"}
}

func parseIndex(b []byte) ([]Platform, error) {
	var index ocispec.Index
	if err := json.Unmarshal(b, &index); err != nil {
		return nil, err
	}
	if len(index.Manifests) > 2*maxPlatforms {
		return nil, fmt.Errorf("%d manifests, more than %d", len(index.Manifests), 2*maxPlatforms)
	}
	var found []Platform
	var attestations []ocispec.Descriptor
	for i, m := range index.Manifests {
		if err := checkManifest(m); err != nil {
			return nil, fmt.Errorf("manifest %d: %w", i, err)
		}
		p := Platform{Name: platformName(m.Platform), Manifest: m}
		if m.Annotations[refTypeAnnotation] == attestationManifest {
			if p.Name != attestationPlatform {
				return nil, fmt.Errorf("attestation manifest %s is for %s, want %s: a runtime might start it",
					m.Digest, described(p.Name), attestationPlatform)
			}
			attestations = append(attestations, m)
			continue
		}
		for _, other := range found {
			if other.Manifest.Digest == m.Digest {
				return nil, fmt.Errorf("manifest %s twice", m.Digest)
			}
			// A runtime takes one of the two, and which is not ours to say.
			if SamePlatform(other.Name, p.Name) {
				return nil, fmt.Errorf("two manifests for %s", other.Name)
			}
		}
		found = append(found, p)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no manifest of a platform")
	}
	return found, pair(found, attestations)
}

// pair gives each platform its attestation manifest.
func pair(found []Platform, attestations []ocispec.Descriptor) error {
	for i := range attestations {
		a := &attestations[i]
		of := digest.Digest(a.Annotations[refDigestAnnotation])
		k := slices.IndexFunc(found, func(p Platform) bool { return p.Manifest.Digest == of })
		if k < 0 {
			return fmt.Errorf("attestation manifest %s refers to %.200q, which is not in the index", a.Digest, of)
		}
		if found[k].Attestation != nil {
			return fmt.Errorf("two attestation manifests for %s", of)
		}
		found[k].Attestation = a
	}
	return nil
}

func checkManifest(m ocispec.Descriptor) error {
	if err := m.Digest.Validate(); err != nil {
		return fmt.Errorf("digest %.200q: %w", m.Digest, err)
	}
	if m.Size < 0 || m.Size > MaxManifestBytes {
		return fmt.Errorf("%d bytes, more than %d", m.Size, MaxManifestBytes)
	}
	if m.MediaType != ocispec.MediaTypeImageManifest && m.MediaType != dockerManifest {
		return fmt.Errorf("media type %.200q is not a manifest", m.MediaType)
	}
	return nil
}
