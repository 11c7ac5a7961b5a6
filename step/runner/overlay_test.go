package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// overlay is an overlay file system as a builder mounts it for a step: layers below,
// an upper folder that is new.
type overlay struct {
	base   string
	layers []string // the lowest first
	merged string
	uppers int
}

// newOverlay makes the layers, which are then to be filled.
func newOverlay(t testing.TB, layers int) *overlay {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts")
	}
	o := &overlay{base: t.TempDir()}
	o.merged = filepath.Join(o.base, "merged")
	for i := range layers {
		o.layers = append(o.layers, fmt.Sprintf("%s/layer%d", o.base, i))
	}
	for _, d := range append([]string{o.merged, o.base + "/rw"}, o.layers...) {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// On a tmpfs: the upper folder of an overlay cannot lie on another one.
	if err := unix.Mount("tmpfs", o.base+"/rw", "tmpfs", 0, ""); err != nil {
		t.Skipf("needs to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(o.base+"/rw", unix.MNT_DETACH) })
	return o
}

// mount mounts the layers under a new upper folder, with further options.
func (o *overlay) mount(t testing.TB, options ...string) {
	t.Helper()
	o.uppers++
	upper, work := fmt.Sprintf("%s/rw/upper%d", o.base, o.uppers), fmt.Sprintf("%s/rw/work%d", o.base, o.uppers)
	for _, d := range []string{upper, work} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var lower []string
	for _, l := range o.layers {
		lower = append([]string{l}, lower...)
	}
	opts := append(options, "lowerdir="+strings.Join(lower, ":"), "upperdir="+upper, "workdir="+work)
	if err := unix.Mount("overlay", o.merged, "overlay", 0, strings.Join(opts, ",")); err != nil {
		t.Skipf("needs to mount an overlay: %v", err)
	}
	t.Cleanup(o.unmount)
}

func (o *overlay) unmount() { _ = unix.Unmount(o.merged, unix.MNT_DETACH) }

// image fills three layers as an image of 6,000 folders and 40,000 files.
func (o *overlay) image(t testing.TB) {
	t.Helper()
	for i := range 6000 {
		dir := fmt.Sprintf("%s/usr/%d/%d/%d", o.layers[i%3], i%20, i/20%20, i)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for j := range 40_000 / 6000 {
			if err := os.WriteFile(fmt.Sprintf("%s/some-file-%d", dir, j), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// BenchmarkWalkOfAnImage walks what nobody has looked at since it was mounted.
func BenchmarkWalkOfAnImage(b *testing.B) {
	o := newOverlay(b, 3)
	o.image(b)
	for _, workers := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				o.unmount()
				o.mount(b)
				w, k := walkOf(b, o, workers)
				b.StartTimer()
				k.all(o.merged)
				b.StopTimer()
				closeWalk(b, w, k)
				b.StartTimer()
			}
		})
	}
}

// BenchmarkLinksInAnImage looks for links after a step that made a folder.
func BenchmarkLinksInAnImage(b *testing.B) {
	o := newOverlay(b, 3)
	o.image(b)
	pause(b)
	for b.Loop() {
		b.StopTimer()
		o.unmount()
		o.mount(b)
		w, k := walkOf(b, o, 2)
		k.all(o.merged)
		start := pause(b)
		put(b, o.merged+"/new/file", "")
		w.blind[k.layers.dev] = true
		b.StartTimer()
		if err := w.noteLinked(start); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		closeWalk(b, w, k)
		b.StartTimer()
	}
}

func walkOf(b *testing.B, o *overlay, workers int) (*watcher, *walk) {
	b.Helper()
	info, err := readMountinfo()
	if err != nil {
		b.Fatal(err)
	}
	mt, err := newMountTable("", nil)
	if err != nil {
		b.Fatal(err)
	}
	w, err := newWatcher()
	if err != nil {
		b.Skipf("no inotify instance: %v", err)
	}
	return w, newWalk(w, mt, findLayers(info, o.merged), newGaps(), workers)
}

func closeWalk(b *testing.B, w *watcher, k *walk) {
	b.Helper()
	if r := k.gaps.reasons(true); len(r) > 0 {
		b.Skipf("this machine gives too few watches: %v", r)
	}
	if err := unix.Close(w.fd); err != nil {
		b.Fatal(err)
	}
}
