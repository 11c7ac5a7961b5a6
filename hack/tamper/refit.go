package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// refit makes a copy of BuildKit's attestation manifest that is about another
// platform manifest: its subject, the subjects of its statements, and the
// configuration that lists them.
func (c *copier) refit(ctx context.Context, old ocispec.Descriptor, was digest.Digest, platform ocispec.Descriptor) (ocispec.Descriptor, error) {
	var m ocispec.Manifest
	if err := c.fetch(ctx, old, &m); err != nil {
		return old, err
	}
	config, err := content.FetchAll(ctx, c.src, m.Config)
	if err != nil {
		return old, err
	}
	for i, l := range m.Layers {
		b, err := content.FetchAll(ctx, c.src, l)
		if err != nil {
			return old, err
		}
		// Statements name digests in hexadecimal, manifests with the algorithm.
		b = bytes.ReplaceAll(b, []byte(was.Encoded()), []byte(platform.Digest.Encoded()))
		now := content.NewDescriptorFromBytes(l.MediaType, b)
		now.Annotations = l.Annotations
		config = bytes.ReplaceAll(config, []byte(l.Digest), []byte(now.Digest))
		if err := c.push(ctx, now, b); err != nil {
			return old, err
		}
		m.Layers[i] = now
	}
	m.Config = content.NewDescriptorFromBytes(m.Config.MediaType, config)
	if err := c.push(ctx, m.Config, config); err != nil {
		return old, err
	}
	if m.Subject != nil {
		m.Subject.Digest, m.Subject.Size = platform.Digest, platform.Size
	}
	b, err := json.Marshal(m)
	if err != nil {
		return old, err
	}
	now := content.NewDescriptorFromBytes(old.MediaType, b)
	now.Platform = old.Platform
	now.Annotations = map[string]string{}
	for k, v := range old.Annotations {
		now.Annotations[k] = v
	}
	now.Annotations[attestationFor] = platform.Digest.String()
	return now, c.push(ctx, now, b)
}
