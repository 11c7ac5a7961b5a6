package repository

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/errdef"

	"github.com/sworn-build/sworn/provenance/referrers"
)

func (l *layout) attach(_ context.Context, add []referrers.Artifact) error {
	index := l.index
	index.Manifests = slices.Clone(index.Manifests)
	have := make(map[digest.Digest]bool)
	for _, m := range index.Manifests {
		have[m.Digest] = true
	}
	for _, a := range add {
		if d := a.Manifest.Descriptor; !have[d.Digest] {
			index.Manifests = append(index.Manifests, d)
			have[d.Digest] = true
		}
	}
	b, err := json.Marshal(index)
	if err != nil {
		return err
	}
	if len(b) > referrers.MaxManifestBytes {
		return fmt.Errorf("%s would have %d bytes, more than %d", ocispec.ImageIndexFile, len(b), referrers.MaxManifestBytes)
	}
	if err := l.write(add, b); err != nil {
		return err
	}
	l.index, l.subjects = index, nil
	return nil
}

// writeFolder stores blobs and manifests, then replaces index.json at once.
func (l *layout) writeFolder(add []referrers.Artifact, index []byte) error {
	store, err := oci.NewStorage(l.ref.path)
	if err != nil {
		return err
	}
	for _, b := range distinct(add) {
		err := store.Push(context.Background(), b.Descriptor, bytes.NewReader(b.Data))
		if err != nil && !errors.Is(err, errdef.ErrAlreadyExists) {
			return fmt.Errorf("store %s: %w", b.Descriptor.Digest, err)
		}
	}
	return replaceKept(filepath.Join(l.ref.path, ocispec.ImageIndexFile), func(w io.Writer) error {
		_, err := w.Write(index)
		return err
	})
}

// distinct lists every blob and manifest once, manifests after all blobs.
func distinct(add []referrers.Artifact) []referrers.Blob {
	var out []referrers.Blob
	seen := make(map[digest.Digest]bool)
	take := func(b referrers.Blob) {
		if d := b.Descriptor.Digest; !seen[d] {
			seen[d] = true
			out = append(out, b)
		}
	}
	for _, a := range add {
		for _, b := range a.Blobs {
			take(b)
		}
	}
	for _, a := range add {
		take(a.Manifest)
	}
	return out
}
