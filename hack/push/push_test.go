package main

import (
	"archive/tar"
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// archiveOf packs a folder as an OCI archive.
func archiveOf(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPushRefusesWhatIsTooLarge(t *testing.T) {
	s := httptest.NewServer(registry.New())
	defer s.Close()
	image, err := random.Image(5000, 2)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AppendImage(image); err != nil {
		t.Fatal(err)
	}
	archive := archiveOf(t, dir)
	text := strings.TrimPrefix(s.URL, "http://") + "/a/b:c"
	ref, err := name.ParseReference(text)
	if err != nil {
		t.Fatal(err)
	}

	err = run(t.Context(), archive, 5000, []string{text})
	if err == nil || !strings.Contains(err.Error(), "more than the 5000 allowed") {
		t.Errorf("error %v, want one about the size", err)
	}
	if _, err := remote.Head(ref); err == nil {
		t.Error("pushed an image that is too large")
	}
	for range 2 {
		if err := run(t.Context(), archive, 50000, []string{text}); err != nil {
			t.Fatal(err)
		}
	}
	want, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := remote.Head(ref); err != nil || got.Digest != want {
		t.Errorf("pushed %v, %v; want %s", got, err, want)
	}
}

func TestUnpackRefusesNamesThatLeaveTheArchive(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "../out", Size: 0}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	archive := filepath.Join(dir, "a.tar")
	if err := os.WriteFile(archive, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := unpack(archive, filepath.Join(dir, "in")); err == nil || !strings.Contains(err.Error(), "leaves the archive") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("wrote outside of the folder")
	}
}
