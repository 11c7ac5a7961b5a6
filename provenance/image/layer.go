package image

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
)

const (
	maxLayers = 1024
	// maxLayerBytes bounds what one layer expands to: far above any real layer,
	// and an end to a bomb.
	maxLayerBytes = 256 << 30
	// maxWindow bounds the memory of a zstd stream; zstd's own --ultra levels need
	// 128 MiB.
	maxWindow = 128 << 20
)

// ReadRootfs reads every layer of a platform's manifest and returns the file
// system that they make. Layer digests, sizes and the config's diff IDs are
// verified.
//
// Errors: [ContentError] when a layer is at fault.
func ReadRootfs(ctx context.Context, f Fetcher, manifest ocispec.Descriptor) (Rootfs, error) {
	m, err := readManifest(ctx, f, manifest, "manifest")
	if err != nil {
		return Rootfs{}, err
	}
	var config ocispec.Image
	if err := readJSON(ctx, f, m.Config, "config", &config); err != nil {
		return Rootfs{}, err
	}
	ids := config.RootFS.DiffIDs
	if len(m.Layers) > maxLayers || len(ids) != len(m.Layers) {
		return Rootfs{}, contentErrorf("manifest "+manifest.Digest.String(),
			"%d layers and %d diff IDs, want as many of both and at most %d", len(m.Layers), len(ids), maxLayers)
	}
	t := newTree()
	r := Rootfs{Layers: len(m.Layers)}
	for i, l := range m.Layers {
		if err := readLayer(ctx, f, l, ids[i], t); err != nil {
			return Rootfs{}, err
		}
		r.Size += l.Size
	}
	if r.Files, err = t.files(); err != nil {
		return Rootfs{}, &ContentError{"manifest " + manifest.Digest.String(), err}
	}
	return r, nil
}

func readLayer(ctx context.Context, f Fetcher, d ocispec.Descriptor, id digest.Digest, t *tree) error {
	subject := "layer " + d.Digest.String()
	if err := errors.Join(d.Digest.Validate(), id.Validate()); err != nil {
		return contentErrorf("layer", "digest %.200q, diff ID %.200q: malformed", d.Digest, id)
	}
	rc, err := f.Fetch(ctx, d)
	if err != nil {
		return fmt.Errorf("read %s: %w", subject, err)
	}
	defer rc.Close()
	verified := content.NewVerifyReader(rc, d)
	source := &watched{r: bufio.NewReaderSize(verified, 1<<16), ctx: ctx}
	applyErr := applyLayer(source, d.MediaType, id, t)
	if source.err != nil {
		return readError(subject, source.err)
	}
	// A layer that was tampered with mostly breaks as a tar first. Its digest is the
	// better explanation.
	if _, err := io.Copy(io.Discard, source); err != nil {
		return readError(subject, err)
	}
	if err := verified.Verify(); err != nil {
		return readError(subject, err)
	}
	if applyErr != nil {
		return &ContentError{subject, applyErr}
	}
	return nil
}

// watched keeps the error of the connection apart from those of the decoders
// above it, and ends at cancellation.
type watched struct {
	r   io.Reader
	ctx context.Context
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		w.err = err
		return 0, err
	}
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func applyLayer(r io.Reader, mediaType string, id digest.Digest, t *tree) error {
	plain, err := decompress(r, mediaType)
	if err != nil {
		return err
	}
	defer plain.Close()
	sum := id.Algorithm().Digester()
	limited := &io.LimitedReader{R: plain, N: maxLayerBytes}
	tee := io.TeeReader(limited, sum.Hash())
	if err := t.apply(tar.NewReader(tee)); err != nil {
		return err
	}
	// The diff ID covers what follows the end of the archive as well.
	if err := zeros(tee); err != nil {
		return err
	}
	if limited.N == 0 {
		return fmt.Errorf("expands to more than %d bytes", int64(maxLayerBytes))
	}
	if got := sum.Digest(); got != id {
		return fmt.Errorf("its diff ID is %s, the config says %s", got, id)
	}
	return nil
}

// zeros reads to the end and verifies that there is padding alone: some readers
// look for more entries there.
func zeros(r io.Reader) error {
	b := make([]byte, 1<<15)
	for {
		n, err := r.Read(b)
		if slices.ContainsFunc(b[:n], func(c byte) bool { return c != 0 }) {
			return errors.New("bytes after the end of the archive")
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func decompress(r io.Reader, mediaType string) (io.ReadCloser, error) {
	switch {
	case mediaType == ocispec.MediaTypeImageLayer,
		mediaType == "application/vnd.docker.image.rootfs.diff.tar":
		return io.NopCloser(r), nil
	case strings.HasPrefix(mediaType, ocispec.MediaTypeImageLayer+"+gzip"),
		mediaType == "application/vnd.docker.image.rootfs.diff.tar.gzip":
		return gzip.NewReader(r)
	case mediaType == ocispec.MediaTypeImageLayerZstd,
		mediaType == "application/vnd.docker.image.rootfs.diff.tar.zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("media type %.200q is not a layer", mediaType)
}
