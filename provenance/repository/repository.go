package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/referrers"
)

// ErrNotFound says that there is no image of the name, tag or digest.
var ErrNotFound = errors.New("not found")

// ErrUnreachable says that a registry does not answer.
var ErrUnreachable = errors.New("registry does not answer")

// Options say how to open a repository. The zero value is safe.
type Options struct {
	// PlainHTTPUnsafe talks to the registry without TLS, wherever it is. Anyone on
	// the way can read the credentials. Registries on this machine are always
	// talked to without.
	PlainHTTPUnsafe bool
	// UserAgent is sent to registries.
	UserAgent string
}

// Repository is an opened place that images lie in. It is safe for use by one
// goroutine at a time.
type Repository struct {
	ref  Reference
	back backend
}

// backend is what the three kinds of places have in common.
type backend interface {
	resolve(ctx context.Context) (ocispec.Descriptor, error)
	fetch(ctx context.Context, d ocispec.Descriptor) (io.ReadCloser, error)
	referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error)
	attach(ctx context.Context, add []referrers.Artifact) error
	close() error
}

// Open opens the place that a reference names. It does not talk to a registry
// yet. Close the result.
//
// Errors: [ErrNotFound] for a layout or archive that is not there.
func Open(_ context.Context, ref Reference, opts Options) (*Repository, error) {
	var back backend
	var err error
	switch ref.transport {
	case transportLayout:
		back, err = openLayout(ref)
	case transportArchive:
		back, err = openArchive(ref)
	default:
		back, err = openRegistry(ref, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", ref, err)
	}
	return &Repository{ref: ref, back: back}, nil
}

// Reference returns what the repository was opened with.
func (r *Repository) Reference() Reference { return r.ref }

// Resolve returns the descriptor of the image that the reference names.
//
// Errors: [ErrNotFound].
func (r *Repository) Resolve(ctx context.Context) (ocispec.Descriptor, error) {
	d, err := r.back.resolve(ctx)
	if err != nil {
		return d, fmt.Errorf("resolve %s: %w", r.ref, err)
	}
	if err := d.Digest.Validate(); err != nil {
		return d, fmt.Errorf("resolve %s: digest %.200q: %w", r.ref, d.Digest, err)
	}
	return d, nil
}

// Fetch opens content of the repository. Size and digest are the caller's to
// verify.
//
// Errors: [ErrNotFound].
func (r *Repository) Fetch(ctx context.Context, d ocispec.Descriptor) (io.ReadCloser, error) {
	return r.back.fetch(ctx, d)
}

// Referrers lists what refers to a manifest, each once, in the order that the place
// gives.
// Artifact types and annotations are as listed, so not to be relied on.
func (r *Repository) Referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	list, err := r.back.referrers(ctx, subject)
	if err == nil {
		err = referrers.CheckList(list)
	}
	if err != nil {
		return nil, fmt.Errorf("list referrers of %s: %w", subject.Digest, err)
	}
	seen := make(map[digest.Digest]bool, len(list))
	return slices.DeleteFunc(list, func(d ocispec.Descriptor) bool {
		again := seen[d.Digest]
		seen[d.Digest] = true
		return again
	}), nil
}

// Attach stores artifacts, in order. Nothing refers to them before all of their
// content is stored. On a registry with the referrers API each becomes visible
// when its manifest is stored; everywhere else all of one subject become visible
// at once.
func (r *Repository) Attach(ctx context.Context, add []referrers.Artifact) error {
	if len(add) == 0 {
		return nil
	}
	if err := r.back.attach(ctx, add); err != nil {
		return fmt.Errorf("attach to %s: %w", r.ref, err)
	}
	return nil
}

// Close releases what the repository holds open.
func (r *Repository) Close() error { return r.back.close() }
