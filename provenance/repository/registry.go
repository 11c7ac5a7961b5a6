package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/sworn-build/sworn/provenance/referrers"
)

// maxListPages bounds the pages of a listing of referrers.
const maxListPages = 64

// registry is a repository of a registry.
type registry struct {
	version string
	// reads finds out by itself whether the registry has the referrers API.
	reads *remote.Repository
	// writes believes that it has, so that it stores manifests and nothing else:
	// the fallback tag is written last, and once for all.
	writes *remote.Repository
}

func openRegistry(ref Reference, opts Options) (*registry, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, fmt.Errorf("read Docker's credentials: %w", err)
	}
	plain := opts.PlainHTTPUnsafe || ref.loopback()
	client := &auth.Client{
		Client:     &http.Client{Transport: retry.NewTransport(newTransport(plain, stallTimeout))},
		Cache:      auth.NewCache(),
		Credential: credentials.Credential(store),
	}
	if opts.UserAgent != "" {
		client.SetUserAgent(opts.UserAgent)
	}
	r := &registry{version: ref.version}
	for _, p := range []**remote.Repository{&r.reads, &r.writes} {
		repo, err := remote.NewRepository(ref.path)
		if err != nil {
			return nil, err
		}
		repo.Client = client
		repo.PlainHTTP = plain
		repo.MaxMetadataBytes = referrers.MaxManifestBytes
		repo.ReferrerListMaxPages = maxListPages
		*p = repo
	}
	return r, r.writes.SetReferrersCapability(true)
}

func (r *registry) close() error { return nil }

func (r *registry) resolve(ctx context.Context) (ocispec.Descriptor, error) {
	d, err := r.reads.Resolve(ctx, r.version)
	return d, cause(err)
}

func (r *registry) fetch(ctx context.Context, d ocispec.Descriptor) (io.ReadCloser, error) {
	rc, err := r.reads.Fetch(ctx, d)
	return rc, cause(err)
}

func (r *registry) referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	var list []ocispec.Descriptor
	err := r.reads.Referrers(ctx, subject, "", func(page []ocispec.Descriptor) error {
		list = append(list, page...)
		return referrers.CheckList(list)
	})
	return list, cause(err)
}

func (r *registry) attach(ctx context.Context, add []referrers.Artifact) error {
	// Listing is what finds out about the API.
	if _, err := r.referrers(ctx, add[0].Subject); err != nil {
		return err
	}
	hasAPI := !errors.Is(r.reads.SetReferrersCapability(true), remote.ErrReferrersCapabilityAlreadySet)
	if err := r.pushBlobs(ctx, add); err != nil {
		return err
	}
	for _, a := range add {
		m := a.Manifest
		if err := r.writes.Manifests().Push(ctx, m.Descriptor, bytes.NewReader(m.Data)); err != nil {
			return fmt.Errorf("push manifest %s: %w", m.Descriptor.Digest, cause(err))
		}
	}
	if hasAPI {
		return nil
	}
	return r.pushFallback(ctx, add)
}

func (r *registry) pushBlobs(ctx context.Context, add []referrers.Artifact) error {
	done := make(map[digest.Digest]bool)
	blobs := r.writes.Blobs()
	for _, a := range add {
		for _, b := range a.Blobs {
			d := b.Descriptor
			if done[d.Digest] {
				continue
			}
			done[d.Digest] = true
			have, err := blobs.Exists(ctx, d)
			if err == nil && !have {
				err = blobs.Push(ctx, d, bytes.NewReader(b.Data))
			}
			if err != nil {
				return fmt.Errorf("push blob %s: %w", d.Digest, cause(err))
			}
		}
	}
	return nil
}

// cause keeps of an error what helps: the sentinel of this package, and no URL
// around the cause.
func cause(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errdef.ErrNotFound) {
		return ErrNotFound
	}
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	var n net.Error
	if errors.As(u.Err, &n) {
		return fmt.Errorf("%w: %w", ErrUnreachable, u.Err)
	}
	return u.Err
}
