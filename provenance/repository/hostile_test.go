package repository_test

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/repository"
)

// within fails the test when a call hangs.
func within(t *testing.T, d time.Duration, do func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		t.Fatalf("not done after %s", d)
		return nil
	}
}

// TestPipesInALayoutAreNotOpened: opening one waits for a writer, who never comes.
func TestPipesInALayoutAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	img := imagetest.New(t, imagetest.Options{})
	img.Write(t, dir, "1")
	b := img.Blobs[0]
	blob := filepath.Join(dir, "blobs", "sha256", b.Descriptor.Digest.Encoded())
	if err := errors.Join(os.Remove(blob), unix.Mkfifo(blob, 0o644)); err != nil {
		t.Fatal(err)
	}
	repo := open(t, "oci:"+dir)
	err := within(t, 10*time.Second, func() error {
		rc, err := repo.Fetch(t.Context(), b.Descriptor)
		if err == nil {
			rc.Close()
		}
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Error(err)
	}
	index := filepath.Join(dir, "index.json")
	if err := errors.Join(os.Remove(index), unix.Mkfifo(index, 0o644)); err != nil {
		t.Fatal(err)
	}
	ref, err := repository.Parse("oci:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	err = within(t, 10*time.Second, func() error {
		_, err := repository.Open(t.Context(), ref, repository.Options{})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Error(err)
	}
}

// TestLayoutsListedInPart: an entry of index.json whose content was not copied along
// refers to nothing.
func TestLayoutsListedInPart(t *testing.T) {
	dir := t.TempDir()
	img := imagetest.New(t, imagetest.Options{})
	img.Write(t, dir, "1")
	repo := open(t, "oci:"+dir)
	add := artifacts(t, img.Index.Descriptor, "one", "two")
	if err := repo.Attach(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "blobs", "sha256", add[0].Manifest.Descriptor.Digest.Encoded())); err != nil {
		t.Fatal(err)
	}
	got := listed(t, open(t, "oci:"+dir), img.Index.Descriptor)
	if len(got) != 1 || !got[add[1].Manifest.Descriptor.Digest] {
		t.Errorf("listed %v", got)
	}
}

// TestAReferrerIsListedOnce, however often a registry lists it.
func TestAReferrerIsListedOnce(t *testing.T) {
	a := artifacts(t, ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex, Digest: "sha256:" + repeated, Size: 3}, "one")[0]
	entry := fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, a.Manifest.Descriptor.MediaType, a.Manifest.Descriptor.Digest, a.Manifest.Descriptor.Size)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":%q,"manifests":[%s]}`, ocispec.MediaTypeImageIndex, strings.TrimSuffix(strings.Repeat(entry+",", 1000), ","))
	}))
	defer server.Close()
	repo := open(t, strings.TrimPrefix(server.URL, "http://")+"/app:1")
	list, err := repo.Referrers(t.Context(), a.Subject)
	if err != nil || len(list) != 1 {
		t.Errorf("%d referrers, %v", len(list), err)
	}
}

const repeated = "abababababababababababababababababababababababababababababababab"

// TestRegistriesThatLeadElsewhere: neither the next page of a list nor a redirect
// takes the credentials to another host, and TLS is not given up.
func TestRegistriesThatLeadElsewhere(t *testing.T) {
	var leaked []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.URL.Path+" "+r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
		fmt.Fprint(w, `{}`)
	}))
	defer other.Close()
	// Another name of this machine, and so another host.
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		if strings.Contains(r.URL.Path, "/referrers/") {
			w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
			w.Header().Set("Link", "<"+elsewhere+"/page2>; rel=\"next\"")
			fmt.Fprintf(w, `{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, ocispec.MediaTypeImageIndex)
			return
		}
		http.Redirect(w, r, elsewhere+"/redirected", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	auth := base64.StdEncoding.EncodeToString([]byte("me:secret"))
	if err := os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, host, auth), 0o600); err != nil {
		t.Fatal(err)
	}
	repo := open(t, host+"/app:1")
	d := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageIndex, Digest: "sha256:" + repeated, Size: 2}
	if _, err := repo.Referrers(t.Context(), d); err == nil {
		t.Error("took a page of another host")
	}
	if len(leaked) != 0 {
		t.Errorf("asked another host for a page: %q", leaked)
	}
	if rc, err := repo.Fetch(t.Context(), ocispec.Descriptor{MediaType: "text/plain", Digest: d.Digest, Size: 2}); err == nil {
		rc.Close()
	}
	for _, l := range leaked {
		if !strings.HasSuffix(l, " ") {
			t.Errorf("credentials went elsewhere: %q", l)
		}
	}
	if len(leaked) == 0 {
		t.Error("the redirect was not followed, so this test shows nothing")
	}
}

// TestArchivesWithTwoIndexes: readers differ in which one they take.
func TestArchivesWithTwoIndexes(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tar")
	imagetest.New(t, imagetest.Options{}).WriteArchive(t, path, "1")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var more bytes.Buffer
	w := tar.NewWriter(&more)
	text := `{"schemaVersion":2,"manifests":[]}`
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "x/../index.json", Size: int64(len(text)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.WriteFile(path, append(bytes.TrimRight(b, "\x00"), pad(b, more.Bytes())...), 0o600)); err != nil {
		t.Fatal(err)
	}
	ref, err := repository.Parse("oci-archive:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repository.Open(t.Context(), ref, repository.Options{}); err == nil || !strings.Contains(err.Error(), `"index.json" twice`) {
		t.Error(err)
	}
}

// pad returns an archive to go on with where another one's last entry ends.
func pad(b, more []byte) []byte {
	n := len(bytes.TrimRight(b, "\x00"))
	return append(make([]byte, (512-n%512)%512), more...)
}
