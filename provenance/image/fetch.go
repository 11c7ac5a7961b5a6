package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

// MaxManifestBytes bounds manifests, indexes and image configs. Registries take no
// larger manifest (OCI distribution-spec).
const MaxManifestBytes = 4 << 20

// Fetcher opens content. It need not verify it.
type Fetcher interface {
	Fetch(ctx context.Context, d ocispec.Descriptor) (io.ReadCloser, error)
}

// ContentError says that the image itself is at fault, whoever serves it: content
// that has not the digest it is named by, that is malformed, or that belongs to
// nothing.
type ContentError struct {
	// Subject is what was read, like "manifest sha256:...".
	Subject string
	Err     error
}

// Error implements error.
func (e *ContentError) Error() string { return e.Subject + ": " + e.Err.Error() }

// Unwrap implements errors.Unwrap.
func (e *ContentError) Unwrap() error { return e.Err }

func contentErrorf(subject, format string, args ...any) error {
	return &ContentError{Subject: subject, Err: fmt.Errorf(format, args...)}
}

// Read reads content of at most limit bytes into memory and verifies size and
// digest. what names it in errors.
//
// Errors: [ContentError] when the content is at fault; else the fetcher's.
func Read(ctx context.Context, f Fetcher, d ocispec.Descriptor, what string, limit int64) ([]byte, error) {
	subject := what + " " + d.Digest.String()
	if err := d.Digest.Validate(); err != nil {
		return nil, contentErrorf(what, "digest %.200q: %w", d.Digest, err)
	}
	if d.Size < 0 || d.Size > limit {
		return nil, contentErrorf(subject, "%d bytes, more than %d", d.Size, limit)
	}
	rc, err := f.Fetch(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", subject, err)
	}
	defer rc.Close()
	b, err := content.ReadAll(rc, d)
	if err != nil {
		return nil, readError(subject, err)
	}
	return b, nil
}

// readError tells content at fault from a connection at fault.
func readError(subject string, err error) error {
	switch {
	case errors.Is(err, content.ErrMismatchedDigest):
		return contentErrorf(subject, "its content has another digest")
	case errors.Is(err, content.ErrTrailingData), errors.Is(err, io.ErrUnexpectedEOF):
		return contentErrorf(subject, "its content has another size")
	}
	return fmt.Errorf("read %s: %w", subject, err)
}

func readJSON(ctx context.Context, f Fetcher, d ocispec.Descriptor, what string, v any) error {
	b, err := Read(ctx, f, d, what, MaxManifestBytes)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return contentErrorf(what+" "+d.Digest.String(), "%w", err)
	}
	return nil
}
