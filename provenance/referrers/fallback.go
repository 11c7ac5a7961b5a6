package referrers

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxReferrers bounds the referrers of one subject that are considered.
const maxReferrers = 4096

// Tag returns the tag that lists a subject's referrers on a registry without the
// API.
func Tag(subject digest.Digest) string {
	return subject.Algorithm().String() + "-" + subject.Encoded()
}

// DecodeIndex reads the index under a fallback tag and returns its entries.
func DecodeIndex(b []byte) ([]ocispec.Descriptor, error) {
	index, err := decodeIndex(b)
	return index.Manifests, err
}

func decodeIndex(b []byte) (ocispec.Index, error) {
	var index ocispec.Index
	if len(b) > MaxManifestBytes {
		return index, fmt.Errorf("decode referrers index: %d bytes, more than %d", len(b), MaxManifestBytes)
	}
	if err := json.Unmarshal(b, &index); err != nil {
		return index, fmt.Errorf("decode referrers index: %w", err)
	}
	if index.MediaType != ocispec.MediaTypeImageIndex {
		return index, fmt.Errorf("decode referrers index: media type %.200q, want %s", index.MediaType, ocispec.MediaTypeImageIndex)
	}
	if err := CheckList(index.Manifests); err != nil {
		return index, fmt.Errorf("decode referrers index: %w", err)
	}
	return index, nil
}

// CheckList checks a list of referrers as a registry gave it: not too long, every
// digest and size well formed.
func CheckList(list []ocispec.Descriptor) error {
	if len(list) > maxReferrers {
		return fmt.Errorf("%d referrers, more than %d", len(list), maxReferrers)
	}
	for _, d := range list {
		if err := d.Digest.Validate(); err != nil {
			return fmt.Errorf("referrer %.200q: %w", d.Digest, err)
		}
		if d.Size < 0 {
			return errors.New("referrer " + d.Digest.String() + ": negative size")
		}
	}
	return nil
}

// Merge adds artifacts to the index under a fallback tag, keeping what is there
// and its order. old is nil when there is no such tag yet. It returns the new
// index, or nil when everything is in it already.
func Merge(old []byte, add []Artifact) (*Blob, error) {
	index := ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
	}
	if old != nil {
		var err error
		if index, err = decodeIndex(old); err != nil {
			return nil, err
		}
	}
	have := make(map[digest.Digest]bool, len(index.Manifests))
	for _, d := range index.Manifests {
		have[d.Digest] = true
	}
	changed := false
	for _, a := range add {
		if d := a.Manifest.Descriptor; !have[d.Digest] {
			index.Manifests = append(index.Manifests, d)
			have[d.Digest], changed = true, true
		}
	}
	if !changed {
		return nil, nil
	}
	b, err := json.Marshal(index)
	if err != nil {
		return nil, fmt.Errorf("encode referrers index: %w", err)
	}
	if len(b) > MaxManifestBytes {
		return nil, fmt.Errorf("encode referrers index: %d bytes, more than %d", len(b), MaxManifestBytes)
	}
	blob := NewBlob(ocispec.MediaTypeImageIndex, b)
	return &blob, nil
}
