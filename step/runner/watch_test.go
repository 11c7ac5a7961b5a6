package runner

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// watchTree watches everything below a root.
func watchTree(t testing.TB, root string, mounts ...step.ConfigMount) (*watcher, *mountTable, *gaps) {
	t.Helper()
	info, err := readMountinfo()
	if err != nil {
		t.Skip(err)
	}
	mt, err := newMountTable(info, mounts)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWatcher()
	if err != nil {
		t.Skipf("no inotify instance: %v", err)
	}
	g := newGaps()
	newWalk(w, mt, findLayers(info, root), g, 4).all(root)
	if err := w.reset(); err != nil {
		t.Fatal(err)
	}
	w.run()
	return w, mt, g
}

// seenPaths are the files seen, relative to root.
func seenPaths(w *watcher, root string) []string {
	paths := map[string]bool{}
	for o := range w.seen {
		for _, d := range w.dirs[o.wd] {
			paths[strings.TrimPrefix(d.path()+"/"+o.name, root)] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

func read(t testing.TB, path string) {
	t.Helper()
	if _, err := os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpensAreSeenOnceEach(t *testing.T) {
	root := t.TempDir()
	odd := "odd \n\xff\\ name"
	put(t, root+"/a/read", "1")
	put(t, root+"/a/unread", "2")
	put(t, root+"/"+odd+"/x", "3")
	put(t, root+"/moved", "4")
	put(t, root+"/b/c/d/e/f/deep", "5")
	if err := os.Symlink("a", root+"/link"); err != nil {
		t.Fatal(err)
	}
	w, _, g := watchTree(t, root)
	for range 3 {
		read(t, root+"/a/read")
		read(t, root+"/link/read")
	}
	read(t, root+"/"+odd+"/x")
	read(t, root+"/b/c/d/e/f/deep")
	if err := os.Rename(root+"/moved", root+"/a/moved-here"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root + "/a/unread"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadDir(root + "/a"); err != nil {
		t.Fatal(err)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	want := []string{"/a/read", "/b/c/d/e/f/deep", "/moved", "/" + odd + "/x"}
	slices.Sort(want)
	if diff := cmp.Diff(want, seenPaths(w, root)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r := g.reasons(true); len(r) != 0 || w.overflow {
		t.Errorf("incomplete: %v, overflow %v", r, w.overflow)
	}
}

func TestIgnoredMountsAreNotWatched(t *testing.T) {
	root := t.TempDir()
	put(t, root+"/secret/token", "s")
	put(t, root+"/tmp/in/x", "1")
	put(t, root+"/tmp/scratch", "1")
	put(t, root+"/single", "1")
	w, mt, _ := watchTree(t, root,
		step.ConfigMount{Target: root + "/secret", Ignore: true},
		step.ConfigMount{Target: root + "/tmp", Ignore: true},
		step.ConfigMount{Target: root + "/tmp/in", Shared: true},
		step.ConfigMount{Target: root + "/single"})
	start := pause(t)
	read(t, root+"/secret/token")
	read(t, root+"/tmp/in/x")
	read(t, root+"/tmp/scratch")
	read(t, root+"/single")
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	in, err := w.inputs(mt, start)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range in {
		got = append(got, fmt.Sprint(strings.TrimPrefix(string(i.Path), root), " ", strings.TrimPrefix(i.Mount, root), " ", i.Shared))
	}
	// The single file is seen by its own watch and by its folder's.
	if diff := cmp.Diff([]string{"/single /single false", "/tmp/in/x /tmp/in true"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// pause lets the clock of ctime pass and returns it.
func pause(t testing.TB) unix.Timespec {
	t.Helper()
	time.Sleep(20 * time.Millisecond)
	d, err := openRecordDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	now, err := d.now()
	if err != nil {
		t.Fatal(err)
	}
	return now
}

func TestDeepTreesAreWatched(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: 10,000 folders deep")
	}
	const depth = 10_000
	root := t.TempDir()
	deepTree(t, root, depth)
	began := time.Now()
	w, mt, g := watchTree(t, root)
	t.Logf("watched %d folders in %v", len(w.dirs), time.Since(began))
	if r := g.reasons(true); len(r) != 0 {
		t.Skipf("this machine gives too few watches: %v", r)
	}
	start := pause(t)
	path := root + strings.Repeat("/d", depth)
	fd, err := openDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	file, err := openRetry(fd, "file", unix.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Close(file); err != nil {
		t.Fatal(err)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	in, err := w.inputs(mt, start)
	if err != nil {
		t.Fatal(err)
	}
	want := []step.Input{{Path: step.Path(path + "/file"), Digest: digestOf("deep"), Size: 4}}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("(-want +got):\n%.300s", diff)
	}
}

// deepTree makes d/d/d/.../file below root and removes it in the end, which
// os.RemoveAll cannot.
func deepTree(t testing.TB, root string, depth int) {
	t.Helper()
	fd, err := openDir(root)
	for range depth {
		if err != nil {
			t.Fatal(err)
		}
		var sub int
		if err = unix.Mkdirat(fd, "d", 0o755); err == nil {
			sub, err = openRetry(fd, "d", unix.O_RDONLY|unix.O_DIRECTORY)
		}
		_ = unix.Close(fd)
		fd = sub
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := unix.Openat(fd, "file", unix.O_CREAT|unix.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(file, []byte("deep")); err != nil {
		t.Fatal(err)
	}
	_, _ = unix.Close(file), unix.Close(fd)
	t.Cleanup(func() {
		d, err := openRecordDir(root)
		if err != nil {
			t.Fatal(err)
		}
		defer d.close()
		if err := d.clear(); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkSetup(b *testing.B) {
	for _, n := range []int{1_000, 50_000} {
		b.Run(fmt.Sprintf("folders=%d", n), func(b *testing.B) {
			root := b.TempDir()
			for i := range n {
				if err := os.MkdirAll(fmt.Sprintf("%s/%d/%d/%d", root, i%10, i/10%100, i), 0o755); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for b.Loop() {
				w, _, g := watchTree(b, root)
				if r := g.reasons(true); len(r) != 0 {
					b.Skipf("this machine gives too few watches: %v", r)
				}
				if err := w.stop(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
