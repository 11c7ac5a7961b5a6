package imagetest

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"archive/tar"
	"io"
	"log"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content/oci"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/sworn-build/sworn/provenance/referrers"
)

// Registry starts a registry in this process, go-containerregistry's, and returns
// its "host:port".
func Registry(t testing.TB, referrersAPI bool) string {
	t.Helper()
	s := httptest.NewServer(registry.New(registry.WithReferrersSupport(referrersAPI), registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// Push pushes the image to "host:port/name:tag" and returns the index's
// descriptor.
func (img *Image) Push(t testing.TB, ref string) ocispec.Descriptor {
	t.Helper()
	ctx := t.Context()
	repo, err := remote.NewRepository(ref)
	check(t, err)
	repo.PlainHTTP = true
	for _, b := range img.Blobs {
		check(t, repo.Blobs().Push(ctx, b.Descriptor, bytes.NewReader(b.Data)))
	}
	for _, m := range img.Manifests {
		check(t, repo.Manifests().Push(ctx, m.Descriptor, bytes.NewReader(m.Data)))
	}
	check(t, repo.PushReference(ctx, img.Index.Descriptor, bytes.NewReader(img.Index.Data), repo.Reference.Reference))
	return img.Index.Descriptor
}

// Write writes the image as an OCI layout into a folder, with a tag.
func (img *Image) Write(t testing.TB, dir, tag string) {
	t.Helper()
	store, err := oci.NewStorage(dir)
	check(t, err)
	all := append(append([]referrers.Blob{}, img.Blobs...), append(img.Manifests, img.Index)...)
	for _, b := range all {
		err := store.Push(context.Background(), b.Descriptor, bytes.NewReader(b.Data))
		if !errors.Is(err, errdef.ErrAlreadyExists) {
			check(t, err)
		}
	}
	d := img.Index.Descriptor
	d.Annotations = map[string]string{ocispec.AnnotationRefName: tag}
	check(t, os.WriteFile(filepath.Join(dir, "index.json"), mustJSON(ocispec.Index{MediaType: ocispec.MediaTypeImageIndex, Manifests: []ocispec.Descriptor{d}}), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644))
}

// WriteArchive writes the image as a tar archive of an OCI layout.
func (img *Image) WriteArchive(t testing.TB, path, tag string) {
	t.Helper()
	dir := t.TempDir()
	img.Write(t, dir, tag)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	check(t, w.AddFS(os.DirFS(dir)))
	check(t, w.Close())
	check(t, os.WriteFile(path, out.Bytes(), 0o644))
}
