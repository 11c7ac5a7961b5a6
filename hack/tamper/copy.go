package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/sworn-build/sworn/provenance/sigstore"
)

// attestationFor is BuildKit's annotation: the digest of the manifest that an
// attestation manifest belongs to.
const attestationFor = "vnd.docker.reference.digest"

// errUnchanged says that an image has nothing of what was to be changed.
var errUnchanged = errors.New("nothing to change in this image; is it signed?")

// copier copies an image with its referrers and changes it on the way.
type copier struct {
	src, dst *remote.Repository
	// manifest changes a platform's manifest; nil copies it.
	manifest func(context.Context, *copier, ocispec.Manifest) (ocispec.Manifest, error)
	// bundle changes a signed bundle; it reports whether it did.
	bundle func([]byte) ([]byte, bool, error)

	changed bool
}

// keep is the bundle function that changes nothing.
func keep(b []byte) ([]byte, bool, error) { return b, false, nil }

// copy returns the copy's descriptor.
func (c *copier) copy(ctx context.Context) (ocispec.Descriptor, error) {
	desc, err := c.src.Resolve(ctx, c.src.Reference.ReferenceOrDefault())
	if err != nil {
		return desc, err
	}
	if desc.MediaType != ocispec.MediaTypeImageIndex {
		return desc, fmt.Errorf("%s is a %s; an image with attestations is an index", c.src.Reference, desc.MediaType)
	}
	var index ocispec.Index
	if err := c.fetch(ctx, desc, &index); err != nil {
		return desc, err
	}
	renamed, err := c.copyManifests(ctx, index.Manifests)
	if err != nil {
		return desc, err
	}
	now, err := c.pushIndex(ctx, desc, index)
	if err != nil {
		return desc, err
	}
	renamed[desc.Digest] = now
	for old, now := range renamed {
		if err := c.copyReferrers(ctx, old, now); err != nil {
			return desc, err
		}
	}
	if !c.changed {
		return now, errUnchanged
	}
	return now, nil
}

// copyManifests copies what an index lists, platforms first, and updates the
// list. The result tells what became of each.
func (c *copier) copyManifests(ctx context.Context, list []ocispec.Descriptor) (map[digest.Digest]ocispec.Descriptor, error) {
	renamed := map[digest.Digest]ocispec.Descriptor{}
	for _, attestations := range []bool{false, true} {
		for i, old := range list {
			subject := digest.Digest(old.Annotations[attestationFor])
			if (subject != "") != attestations {
				continue
			}
			now, err := c.copyManifest(ctx, old)
			if platform, ok := renamed[subject]; ok && platform.Digest != subject {
				now, err = c.refit(ctx, old, subject, platform)
			}
			if err != nil {
				return nil, err
			}
			renamed[old.Digest], list[i] = now, now
		}
	}
	return renamed, nil
}

// copyManifest copies one manifest of the index with all that it points to.
func (c *copier) copyManifest(ctx context.Context, old ocispec.Descriptor) (ocispec.Descriptor, error) {
	if err := oras.CopyGraph(ctx, c.src, c.dst, old, oras.CopyGraphOptions{}); err != nil {
		return old, err
	}
	if c.manifest == nil || old.Annotations[attestationFor] != "" {
		return old, nil
	}
	var m ocispec.Manifest
	if err := c.fetch(ctx, old, &m); err != nil {
		return old, err
	}
	m, err := c.manifest(ctx, c, m)
	if err != nil {
		return old, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return old, err
	}
	c.changed = true
	now := content.NewDescriptorFromBytes(old.MediaType, b)
	now.Platform, now.Annotations = old.Platform, old.Annotations
	return now, c.push(ctx, now, b)
}

func (c *copier) pushIndex(ctx context.Context, old ocispec.Descriptor, index ocispec.Index) (ocispec.Descriptor, error) {
	b, err := json.Marshal(index)
	if err != nil {
		return old, err
	}
	if !c.changed {
		// The very bytes: a digest that signatures name.
		if b, err = content.FetchAll(ctx, c.src, old); err != nil {
			return old, err
		}
	}
	now := content.NewDescriptorFromBytes(old.MediaType, b)
	return now, c.dst.PushReference(ctx, now, bytes.NewReader(b), c.dst.Reference.ReferenceOrDefault())
}

// copyReferrers gives now what refers to old.
func (c *copier) copyReferrers(ctx context.Context, old digest.Digest, now ocispec.Descriptor) error {
	was := now
	was.Digest = old
	var found []ocispec.Descriptor
	err := c.src.Referrers(ctx, was, "", func(list []ocispec.Descriptor) error {
		found = append(found, list...)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list referrers of %s: %w", old, err)
	}
	for _, r := range found {
		if r.ArtifactType != sigstore.BundleMediaType {
			continue // BuildKit's attestation manifest, copied with the index
		}
		var m ocispec.Manifest
		if err := c.fetch(ctx, r, &m); err != nil {
			return err
		}
		if err := c.copyReferrer(ctx, m, now); err != nil {
			return fmt.Errorf("referrer %s: %w", r.Digest, err)
		}
	}
	return nil
}

func (c *copier) copyReferrer(ctx context.Context, m ocispec.Manifest, subject ocispec.Descriptor) error {
	if err := oras.CopyGraph(ctx, c.src, c.dst, m.Config, oras.CopyGraphOptions{}); err != nil {
		return err
	}
	for i, l := range m.Layers {
		b, err := content.FetchAll(ctx, c.src, l)
		if err != nil {
			return err
		}
		b, changed, err := c.bundle(b)
		if err != nil {
			return err
		}
		c.changed = c.changed || changed
		now := content.NewDescriptorFromBytes(l.MediaType, b)
		now.Annotations = l.Annotations
		if err := c.push(ctx, now, b); err != nil {
			return err
		}
		m.Layers[i] = now
	}
	m.Subject = &ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	// oras keeps the fallback tag on registries without the referrers API.
	return c.push(ctx, content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, b), b)
}

func (c *copier) fetch(ctx context.Context, d ocispec.Descriptor, v any) error {
	b, err := content.FetchAll(ctx, c.src, d)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// push writes a blob or manifest unless it is there.
func (c *copier) push(ctx context.Context, d ocispec.Descriptor, b []byte) error {
	have, err := c.dst.Exists(ctx, d)
	if err != nil || have {
		return err
	}
	return c.dst.Push(ctx, d, bytes.NewReader(b))
}
