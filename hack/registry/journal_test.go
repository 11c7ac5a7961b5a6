package main

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// serve starts the registry over dir and returns its host.
func serve(t *testing.T, dir string) (host string, stop func()) {
	t.Helper()
	h, err := newHandler(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(h)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host, s.Close
}

func TestRestartKeepsImagesAndReferrers(t *testing.T) {
	dir := t.TempDir()
	host, stop := serve(t, dir)
	ref, err := name.NewTag(host + "/a/b:one")
	if err != nil {
		t.Fatal(err)
	}
	img, err := random.Image(100, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
	desc, err := remote.Head(ref)
	if err != nil {
		t.Fatal(err)
	}
	referrer := mutate.Subject(empty.Image, *desc).(v1.Image)
	digest, err := referrer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref.Context().Digest(digest.String()), referrer); err != nil {
		t.Fatal(err)
	}
	gone := ref.Context().Tag("gone")
	if err := remote.Tag(gone, img); err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(gone); err != nil {
		t.Fatal(err)
	}
	stop()

	host, stop = serve(t, dir)
	defer stop()
	repo, err := name.NewRepository(host + "/a/b")
	if err != nil {
		t.Fatal(err)
	}
	again, err := remote.Image(repo.Tag("one"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Digest(); err != nil || got != desc.Digest {
		t.Errorf("digest after restart: %v, %v; want %v", got, err, desc.Digest)
	}
	index, err := remote.Referrers(repo.Digest(desc.Digest.String()))
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifests) != 1 || m.Manifests[0].Digest != digest {
		t.Errorf("referrers after restart: %+v, want %v", m.Manifests, digest)
	}
	if _, err := remote.Head(repo.Tag("gone")); err == nil {
		t.Error("a deleted tag is back after restart")
	}
}
