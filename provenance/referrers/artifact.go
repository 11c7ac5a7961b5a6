package referrers

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/envelope"
	"github.com/sworn-build/sworn/provenance/sigstore"
)

// Annotations of a manifest that carries a bundle, as cosign writes them. There is
// no time of creation among them: the same bundle gives the same manifest.
const (
	ContentAnnotation       = "dev.sigstore.bundle.content"
	PredicateTypeAnnotation = "dev.sigstore.bundle.predicateType"
	contentDSSE             = "dsse-envelope"
)

// MaxManifestBytes bounds a manifest or an index: registries take no larger one
// (OCI distribution-spec, "Pushing Manifests").
const MaxManifestBytes = 4 << 20

// Blob is content and its descriptor.
type Blob struct {
	Descriptor ocispec.Descriptor
	Data       []byte
}

// NewBlob returns a blob with the descriptor that its bytes have.
func NewBlob(mediaType string, data []byte) Blob {
	return Blob{
		Descriptor: ocispec.Descriptor{
			MediaType: mediaType,
			Digest:    digest.FromBytes(data),
			Size:      int64(len(data)),
		},
		Data: data,
	}
}

// Artifact is a manifest with a subject and the blobs that it needs.
type Artifact struct {
	// Subject is what the manifest refers to.
	Subject ocispec.Descriptor
	// Manifest's descriptor has artifact type and annotations, as a listing of
	// referrers gives them.
	Manifest Blob
	// Blobs are the bundle and the empty config.
	Blobs []Blob
}

// New returns the artifact that stores a bundle as a referrer of the subject.
func New(subject ocispec.Descriptor, bundle []byte, predicateType string) (Artifact, error) {
	layer := NewBlob(sigstore.BundleMediaType, bundle)
	config := NewBlob(ocispec.MediaTypeEmptyJSON, []byte("{}"))
	m := ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: sigstore.BundleMediaType,
		Config:       config.Descriptor,
		Layers:       []ocispec.Descriptor{layer.Descriptor},
		Subject:      plain(subject),
		Annotations: map[string]string{
			ContentAnnotation:       contentDSSE,
			PredicateTypeAnnotation: predicateType,
		},
	}
	b, err := json.Marshal(m)
	if err != nil {
		return Artifact{}, fmt.Errorf("encode referrer of %s: %w", subject.Digest, err)
	}
	manifest := NewBlob(ocispec.MediaTypeImageManifest, b)
	manifest.Descriptor.ArtifactType = m.ArtifactType
	manifest.Descriptor.Annotations = m.Annotations
	return Artifact{Subject: subject, Manifest: manifest, Blobs: []Blob{config, layer}}, nil
}

func plain(d ocispec.Descriptor) *ocispec.Descriptor {
	return &ocispec.Descriptor{MediaType: d.MediaType, Digest: d.Digest, Size: d.Size}
}

// ErrNotBundle says that a manifest is no carrier of a Sigstore bundle: another
// kind of referrer, which is nothing wrong.
var ErrNotBundle = errors.New("not a Sigstore bundle")

// Decode reads a referrer's manifest and returns the descriptor of its bundle. The
// annotations are not believed: what the bundle says counts.
//
// Errors: [ErrNotBundle].
func Decode(b []byte, subject digest.Digest) (ocispec.Descriptor, error) {
	d, err := decode(b, subject)
	if err != nil {
		return ocispec.Descriptor{}, fmt.Errorf("decode referrer: %w", err)
	}
	return d, nil
}

func decode(b []byte, subject digest.Digest) (ocispec.Descriptor, error) {
	var none ocispec.Descriptor
	if len(b) > MaxManifestBytes {
		return none, fmt.Errorf("%d bytes, more than %d", len(b), MaxManifestBytes)
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return none, err
	}
	if m.MediaType != ocispec.MediaTypeImageManifest || len(m.Layers) != 1 ||
		m.Layers[0].MediaType != sigstore.BundleMediaType {
		return none, fmt.Errorf("%w (artifact type %.200q)", ErrNotBundle, m.ArtifactType)
	}
	if m.Subject == nil || m.Subject.Digest != subject {
		return none, fmt.Errorf("its subject is not %s", subject)
	}
	layer := m.Layers[0]
	if err := layer.Digest.Validate(); err != nil {
		return none, fmt.Errorf("bundle's digest %.200q: %w", layer.Digest, err)
	}
	if layer.Size < 0 || layer.Size > envelope.MaxBundleBytes {
		return none, fmt.Errorf("bundle of %d bytes, more than %d", layer.Size, envelope.MaxBundleBytes)
	}
	return layer, nil
}
