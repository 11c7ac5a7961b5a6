package repository_test

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/sworn-build/sworn/provenance/imagetest"
	"github.com/sworn-build/sworn/provenance/referrers"
	"github.com/sworn-build/sworn/provenance/repository"
)

func open(t testing.TB, text string) *repository.Repository {
	t.Helper()
	ref, err := repository.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := repository.Open(t.Context(), ref, repository.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	return repo
}

func artifacts(t testing.TB, subject ocispec.Descriptor, bundles ...string) []referrers.Artifact {
	t.Helper()
	var out []referrers.Artifact
	for _, b := range bundles {
		a, err := referrers.New(subject, []byte(b), "https://example.com/p/v1")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

func listed(t testing.TB, repo *repository.Repository, subject ocispec.Descriptor) map[digest.Digest]bool {
	t.Helper()
	list, err := repo.Referrers(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[digest.Digest]bool)
	for _, d := range list {
		out[d.Digest] = true
	}
	return out
}

// TestConformance: what is attached is listed and read back, in every kind of
// place, in one go or several, and what was there stays.
func TestConformance(t *testing.T) {
	dir := t.TempDir()
	for name, place := range map[string]func(*imagetest.Image) string{
		"api": func(img *imagetest.Image) string {
			ref := imagetest.Registry(t, true) + "/a/b:1"
			img.Push(t, ref)
			return ref
		},
		"tags": func(img *imagetest.Image) string {
			ref := imagetest.Registry(t, false) + "/a/b:1"
			img.Push(t, ref)
			return ref
		},
		"layout": func(img *imagetest.Image) string {
			img.Write(t, filepath.Join(dir, "layout"), "1")
			return "oci:" + filepath.Join(dir, "layout") + ":1"
		},
		"archive": func(img *imagetest.Image) string {
			img.WriteArchive(t, filepath.Join(dir, "a.tar"), "1")
			return "oci-archive:" + filepath.Join(dir, "a.tar")
		},
	} {
		t.Run(name, func(t *testing.T) {
			img := imagetest.New(t, imagetest.Options{})
			ref := place(img)
			repo := open(t, ref)
			desc, err := repo.Resolve(t.Context())
			if err != nil || desc.Digest != img.Index.Descriptor.Digest {
				t.Fatalf("resolved %s, %v", desc.Digest, err)
			}
			if got := listed(t, repo, desc); len(got) != 0 {
				t.Fatalf("referrers of a new image: %v", got)
			}
			want := make(map[digest.Digest]bool)
			for _, bundles := range [][]string{{"one", "two"}, {"three"}, {"one"}} {
				add := artifacts(t, desc, bundles...)
				if err := repo.Attach(t.Context(), append(artifacts(t, img.Platforms[0], bundles...), add...)); err != nil {
					t.Fatal(err)
				}
				for _, a := range add {
					want[a.Manifest.Descriptor.Digest] = true
				}
			}
			for _, r := range []*repository.Repository{repo, open(t, ref)} {
				if diff := cmp.Diff(want, listed(t, r, desc)); diff != "" {
					t.Error(diff)
				}
				if got := listed(t, r, img.Platforms[0]); len(got) != 3 {
					t.Errorf("%d referrers of the platform, want 3", len(got))
				}
				for _, b := range append(img.Blobs, artifacts(t, desc, "one")[0].Blobs...) {
					rc, err := r.Fetch(t.Context(), b.Descriptor)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(rc)
					rc.Close()
					if err != nil || !bytes.Equal(got, b.Data) {
						t.Errorf("%s: %d bytes, %v", b.Descriptor.Digest, len(got), err)
					}
				}
				again, err := r.Resolve(t.Context())
				if err != nil || again.Digest != desc.Digest {
					t.Errorf("after attaching: %s, %v", again.Digest, err)
				}
				missing := ocispec.Descriptor{MediaType: "text/plain", Digest: digest.FromString("none"), Size: 4}
				if _, err := r.Fetch(t.Context(), missing); !errors.Is(err, repository.ErrNotFound) {
					t.Errorf("content that is not there: %v", err)
				}
			}
		})
	}
}

// TestFailureLeavesNothingListed: when a registry stops taking manifests half-way,
// the fallback tag is not written.
func TestFailureLeavesNothingListed(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	manifests, broken := 0, false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken && r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			if manifests++; manifests > 1 {
				http.Error(w, "full", http.StatusInsufficientStorage)
				return
			}
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	ref := strings.TrimPrefix(server.URL, "http://") + "/app:1"
	img := imagetest.New(t, imagetest.Options{})
	desc := img.Push(t, ref)
	repo := open(t, ref)
	broken = true
	if err := repo.Attach(t.Context(), artifacts(t, desc, "one", "two", "three")); err == nil {
		t.Fatal("attached to a full registry")
	}
	broken = false
	if got := listed(t, repo, desc); len(got) != 0 {
		t.Errorf("half of it is listed: %v", got)
	}
}

// TestArchiveIsReplacedWholeOrNot: an archive that cannot be written beside stays
// as it was.
func TestArchiveIsReplacedWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tar")
	img := imagetest.New(t, imagetest.Options{})
	img.WriteArchive(t, path, "1")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	repo := open(t, "oci-archive:"+path)
	desc, err := repo.Resolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	large := artifacts(t, desc, "one")
	large[0].Manifest.Descriptor.Annotations = map[string]string{"x": strings.Repeat("x", referrers.MaxManifestBytes)}
	if err := repo.Attach(t.Context(), large); err == nil {
		t.Error("index.json of more than 4 MiB was written")
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("archive changed: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

// TestConcurrentSigners: several add to one fallback tag and none is lost for
// good.
func TestConcurrentSigners(t *testing.T) {
	ref := imagetest.Registry(t, false) + "/app:1"
	desc := imagetest.New(t, imagetest.Options{}).Push(t, ref)
	var wg sync.WaitGroup
	failed := make(map[int]error)
	var mu sync.Mutex
	for i := range 4 {
		repo, add := open(t, ref), artifacts(t, desc, fmt.Sprint(i))
		wg.Go(func() {
			if err := repo.Attach(t.Context(), add); err != nil {
				mu.Lock()
				failed[i] = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(failed) > 0 {
		t.Fatal(failed)
	}
	// The protocol has no lock: one that was overwritten after its last look is
	// there after signing again.
	for i := range 4 {
		if err := open(t, ref).Attach(t.Context(), artifacts(t, desc, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := listed(t, open(t, ref), desc); len(got) != 4 {
		t.Errorf("%d listed, want 4", len(got))
	}
}

func TestCredentialsAreDockers(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, pass, ok := r.BasicAuth(); !ok || user != "me" || pass != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	if _, err := open(t, host+"/app:1").Resolve(t.Context()); err == nil || errors.Is(err, repository.ErrNotFound) {
		t.Errorf("without credentials: %v", err)
	}
	auth := base64.StdEncoding.EncodeToString([]byte("me:secret"))
	if err := os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}}}`, host, auth), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, host+"/app:1").Resolve(t.Context()); !errors.Is(err, repository.ErrNotFound) {
		t.Errorf("with credentials: %v", err)
	}
}

func TestLayoutsThatAreRefused(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no oci-layout": {"index.json": "{}"},
		"other version": {"oci-layout": `{"imageLayoutVersion":"9"}`, "index.json": "{}"},
		"no index":      {"oci-layout": `{"imageLayoutVersion":"1.0.0"}`},
		"bad index":     {"oci-layout": `{"imageLayoutVersion":"1.0.0"}`, "index.json": `{"manifests":[{"digest":"x"}]}`},
		"large index":   {"oci-layout": `{"imageLayoutVersion":"1.0.0"}`, "index.json": strings.Repeat(" ", referrers.MaxManifestBytes) + "{}"},
	} {
		dir := t.TempDir()
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ref, err := repository.Parse("oci:" + dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := repository.Open(t.Context(), ref, repository.Options{}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// TestLayoutDoesNotLeaveItsFolder: a blob that is a link out of it is not read.
func TestLayoutDoesNotLeaveItsFolder(t *testing.T) {
	dir := t.TempDir()
	img := imagetest.New(t, imagetest.Options{})
	img.Write(t, dir, "1")
	b := img.Blobs[0]
	blob := filepath.Join(dir, "blobs", "sha256", b.Descriptor.Digest.Encoded())
	if err := errors.Join(os.Remove(blob), os.Symlink("/etc/hostname", blob)); err != nil {
		t.Fatal(err)
	}
	if rc, err := open(t, "oci:"+dir).Fetch(t.Context(), b.Descriptor); err == nil {
		rc.Close()
		t.Error("read through a link out of the layout")
	}
}

func TestArchiveWithoutPlainFiles(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := errors.Join(w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "oci-layout", Linkname: "/etc/hostname"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ref, err := repository.Parse("oci-archive:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repository.Open(t.Context(), ref, repository.Options{}); err == nil {
		t.Error("opened")
	}
}
