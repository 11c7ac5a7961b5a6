package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"

	"github.com/sworn-build/sworn/provenance/referrers"
)

// maxTagTries bounds how often a fallback tag is written when others write it at
// the same time: the protocol has no lock.
const maxTagTries = 5

// pushFallback writes the fallback tag of each subject, in the order of add.
func (r *registry) pushFallback(ctx context.Context, add []referrers.Artifact) error {
	var order []digest.Digest
	bySubject := make(map[digest.Digest][]referrers.Artifact)
	for _, a := range add {
		s := a.Subject.Digest
		if bySubject[s] == nil {
			order = append(order, s)
		}
		bySubject[s] = append(bySubject[s], a)
	}
	for _, s := range order {
		tag := referrers.Tag(s)
		if err := r.updateTag(ctx, tag, bySubject[s]); err != nil {
			return fmt.Errorf("push tag %s: %w", tag, cause(err))
		}
	}
	return nil
}

// updateTag adds to the index under a tag until it is seen to hold everything.
func (r *registry) updateTag(ctx context.Context, tag string, add []referrers.Artifact) error {
	for range maxTagTries {
		old, err := r.readTag(ctx, tag)
		if err != nil {
			return err
		}
		index, err := referrers.Merge(old, add)
		if err != nil || index == nil {
			return err
		}
		if err := r.writes.PushReference(ctx, index.Descriptor, bytes.NewReader(index.Data), tag); err != nil {
			return err
		}
	}
	return fmt.Errorf("others keep changing it, tried %d times", maxTagTries)
}

// readTag returns the index under a tag, or nil when there is none.
func (r *registry) readTag(ctx context.Context, tag string) ([]byte, error) {
	d, rc, err := r.reads.FetchReference(ctx, tag)
	if errors.Is(err, errdef.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	if d.MediaType != ocispec.MediaTypeImageIndex || d.Size > referrers.MaxManifestBytes {
		return nil, fmt.Errorf("it holds no list of referrers: media type %.200q, %d bytes", d.MediaType, d.Size)
	}
	b, err := content.ReadAll(io.LimitReader(rc, referrers.MaxManifestBytes+1), d)
	if err != nil {
		return nil, err
	}
	return b, nil
}
