package main

import (
	"archive/tar"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

func readArchive(t *testing.T, file string) v1.Image {
	t.Helper()
	store := filepath.Join(t.TempDir(), "layout")
	if err := unpack(file, store); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(store)
	if err != nil {
		t.Fatal(err)
	}
	i, err := native(index)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func config(t *testing.T, i v1.Image) *v1.ConfigFile {
	t.Helper()
	c, err := i.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVariantDiffersInItsVariablesOnly(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "frontend")
	if err := os.WriteFile(program, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"SWORN_STATEMENTS=off", "SWORN_HARDEN=off"}
	in, out := filepath.Join(dir, "in.tar"), filepath.Join(dir, "out.tar")
	if err := writeUpstream(program, in); err != nil {
		t.Fatal(err)
	}
	if err := writeVariant(in, env, out); err != nil {
		t.Fatal(err)
	}
	before, after := config(t, readArchive(t, in)), config(t, readArchive(t, out))
	if before.Config.Labels["moby.buildkit.frontend.network.none"] != "true" {
		t.Errorf("labels %v", before.Config.Labels)
	}
	before.Config.Env = append(before.Config.Env, env...)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestNativeLooksIntoNestedIndexes(t *testing.T) {
	own, err := base([]entry{file("own", 0o644, "x")}, "sh")
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "layout")
	other := v1.Platform{OS: "linux", Architecture: "other"}
	inner := mutate.AppendManifests(newIndex(),
		mutate.IndexAddendum{Add: own, Descriptor: v1.Descriptor{Platform: &other}},
		mutate.IndexAddendum{Add: own, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: runtime.GOARCH}}})
	if _, err := layout.Write(store, mutate.AppendManifests(newIndex(), mutate.IndexAddendum{Add: inner})); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(store)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := native(index); err != nil {
		t.Error(err)
	}
	if _, err := native(newIndex()); err == nil {
		t.Error("an empty index: no error")
	}
}

// oneFile is a tar archive with one empty file.
func oneFile(t testing.TB, name string) string {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "in.tar")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(f)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return archive
}

func TestUnpackStaysInItsFolder(t *testing.T) {
	for _, name := range []string{"../out", "/etc/out", "a/../../out"} {
		if err := unpack(oneFile(t, name), filepath.Join(t.TempDir(), "layout")); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	dir := filepath.Join(t.TempDir(), "layout")
	if err := unpack(oneFile(t, "blobs/sha256/x"), dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "blobs/sha256/x")); err != nil {
		t.Error(err)
	}
}

// FuzzUnpack: whatever an archive holds, nothing appears beside the folder that
// it is unpacked into.
func FuzzUnpack(f *testing.F) {
	for _, name := range []string{"index.json", "../out", "/etc/out"} {
		data, err := os.ReadFile(oneFile(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		archive := filepath.Join(dir, "in.tar")
		if err := os.WriteFile(archive, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_ = unpack(archive, filepath.Join(dir, "layout")) // Errors are fine.
		beside, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(beside) > 2 {
			t.Errorf("%d files beside the folder", len(beside))
		}
	})
}

func TestBaseImagesAreReproducible(t *testing.T) {
	p := program{data: "busybox", applets: []string{"busybox", "ls", "sh"}}
	digests := func() []string {
		images, err := baseImages(p)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for name, i := range images {
			d, err := i.Digest()
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, name+"@"+d.String())
		}
		slices.Sort(out)
		return out
	}
	if diff := cmp.Diff(digests(), digests()); diff != "" {
		t.Error(diff)
	}
}

func TestBusyboxMustBeStatic(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skipf("no sh: %v", err)
	}
	if _, err := readBusybox(sh); err == nil || !strings.Contains(err.Error(), "not static") {
		t.Errorf("error %v, want that it is not static", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"mirror"}, {"nothing", "-o", "x"}, {"variant", "-o", "x"}, {"variant", "-o", "x", "-env", "KEY"}, {"variant", "-o"}, {"upstream", "-o", "x"}} {
		if err := run(t.Context(), args); !errors.Is(err, errUsage) {
			t.Errorf("%q: error %v, want %v", args, err, errUsage)
		}
	}
}
