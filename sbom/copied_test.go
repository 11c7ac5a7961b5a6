package sbom_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// TestCopiedFindsWhatAnOverlayCopiedUp does in an overlay what a step can do to
// files without changing their bytes, and looks at it as the tool does: both states
// mounted read-only.
func TestCopiedFindsWhatAnOverlayCopiedUp(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		t.Skipf("skipped: mounting a tmpfs: %v", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	path := func(s string) string { return filepath.Join(dir, s) }
	var files []string
	for _, name := range []string{"linked", "moved", "mode", "touched", "written", "replaced", "removed", "read", "left"} {
		files = append(files, "file 0644 /d/"+name+" "+name)
	}
	treetest.Make(t, path("lower"), append(files, "dir 0755 /bottom", "file 0644 /e/f x", "link /l d")...)
	for _, s := range []string{"upper", "work", "merged", "before", "after", "bottom"} {
		if err := os.Mkdir(path(s), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mount := func(at, opts string, flags uintptr) {
		t.Helper()
		if err := unix.Mount("overlay", path(at), "overlay", flags, opts); err != nil {
			t.Skipf("skipped: mounting an overlay: %v", err)
		}
		t.Cleanup(func() { unix.Unmount(path(at), unix.MNT_DETACH) })
	}
	mount("merged", "lowerdir="+path("lower")+",upperdir="+path("upper")+",workdir="+path("work"), 0)
	m := path("merged")
	for _, err := range []error{
		os.Mkdir(m+"/n", 0o755),
		os.Link(m+"/d/linked", m+"/n/x"), os.RemoveAll(m + "/n/x"),
		os.Rename(m+"/d/moved", m+"/n/x"), os.Rename(m+"/n/x", m+"/d/moved"),
		os.Chmod(m+"/d/mode", 0o600),
		os.Chtimes(m+"/d/touched", treetest.Time(), treetest.Time()),
		os.WriteFile(m+"/d/written", []byte("written"), 0o644),
		os.WriteFile(m+"/n/y", []byte("replaced"), 0o644), os.Rename(m+"/n/y", m+"/d/replaced"),
		os.Remove(m + "/d/removed"),
		os.RemoveAll(m + "/n"), os.RemoveAll(m + "/e"), os.WriteFile(m+"/e", nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.ReadFile(m + "/d/read"); err != nil {
		t.Fatal(err)
	}
	mount("before", "lowerdir="+path("lower")+":"+path("bottom"), unix.MS_RDONLY)
	mount("after", "lowerdir="+path("upper")+":"+path("lower")+":"+path("bottom"), unix.MS_RDONLY)
	got, err := sbom.Copied(open(t, path("before")), open(t, path("after")))
	if err != nil {
		t.Fatal(err)
	}
	want := []step.Path{"/d/linked", "/d/mode", "/d/moved", "/d/replaced", "/d/touched", "/d/written"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("copied (-want +got):\n%s", diff)
	}
}

func TestNothingIsCopiedFromNothing(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, "file 0644 /a x")
	for _, trees := range [][2]*sbom.Tree{{nil, open(t, dir)}, {open(t, dir), nil}, {open(t, dir), open(t, dir)}} {
		got, err := sbom.Copied(trees[0], trees[1])
		if err != nil || len(got) > 0 {
			t.Errorf("got %v, %v", got, err)
		}
	}
}
