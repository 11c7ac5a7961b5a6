package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"

	"github.com/sworn-build/sworn/provenance"
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

// readManifest reads a manifest that can be taken for nothing else.
func readManifest(ctx context.Context, f Fetcher, d ocispec.Descriptor, what string) (ocispec.Manifest, error) {
	var m ocispec.Manifest
	b, err := Read(ctx, f, d, what, MaxManifestBytes)
	if err != nil {
		return m, err
	}
	err = checkDocument(b, d.MediaType, "an index", "manifests")
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, contentErrorf(what+" "+d.Digest.String(), "%w", err)
	}
	return m, nil
}

// checkDocument verifies that every reader takes a manifest or an index for what
// its descriptor says it is: it has none of the other's fields, none twice, and
// says the same of itself.
// See https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh.
func checkDocument(b []byte, mediaType, other string, fields ...string) error {
	if err := provenance.CheckKeys(b, provenance.FoldKey); err != nil {
		return err
	}
	var document map[string]json.RawMessage
	if err := json.Unmarshal(b, &document); err != nil {
		return err
	}
	for name, value := range document {
		for _, f := range fields {
			if strings.EqualFold(name, f) {
				return fmt.Errorf("has the field %q of %s", name, other)
			}
		}
		if strings.EqualFold(name, "mediaType") && string(value) != `"`+mediaType+`"` {
			return fmt.Errorf("it says of itself that it is a %.200s, not %q", value, mediaType)
		}
	}
	return nil
}
