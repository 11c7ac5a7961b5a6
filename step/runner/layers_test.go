package runner

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// TestUntouchedFoldersHoldNoLinks makes random changes in an overlay, as a builder and
// then a step do, and compares what is found with a look at every folder.
func TestUntouchedFoldersHoldNoLinks(t *testing.T) {
	for _, option := range []string{"redirect_dir=off", "redirect_dir=on", "metacopy=on", "xino=on"} {
		t.Run(option, func(t *testing.T) {
			links, skipped, seeds := 0, 0, uint64(20)
			if testing.Short() {
				seeds = 10
			}
			for seed := range seeds {
				l, s := compareLooks(t, rand.New(rand.NewPCG(seed, 1)), option)
				links, skipped = links+l, skipped+s
			}
			t.Logf("%d links, %d folders skipped", links, skipped)
			if links == 0 || skipped == 0 {
				t.Errorf("%d links, %d folders skipped: nothing was compared", links, skipped)
			}
		})
	}
}

// TestLinksInAnImageAreFound: whatever folder a file lies in that the step has linked, it
// is found, though no folder is listed without need.
func TestLinksInAnImageAreFound(t *testing.T) {
	do := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		// builder and step are done in the root.
		builder, step func(root string)
		want          []string
		// quiet are folders that nobody looks into.
		quiet []string
	}{
		{
			name:  "of one layer",
			step:  func(root string) { do(os.Link(root+"/a/b/file", root+"/link")) },
			want:  []string{"/a/b/file", "/link"},
			quiet: []string{"/a/b/c", "/both", "/both/in"},
		},
		{
			name:  "of two layers",
			step:  func(root string) { do(os.Link(root+"/both/in/file", root+"/a/link")) },
			want:  []string{"/a/link", "/both/in/file"},
			quiet: []string{"/a/b", "/a/b/c"},
		},
		{
			name: "in a new folder that is moved",
			step: func(root string) {
				do(os.Mkdir(root+"/new", 0o755), os.Link(root+"/a/b/c/file", root+"/new/link"), os.Rename(root+"/new", root+"/other"))
			},
			want:  []string{"/a/b/c/file"},
			quiet: []string{"/both", "/both/in"},
		},
		{
			// The folder stays as it is.
			name:    "of the builder's",
			builder: func(root string) { put(t, root+"/a/b/made", "") },
			step:    func(root string) { do(os.Link(root+"/a/b/made", root+"/link")) },
			want:    []string{"/a/b/made", "/link"},
			quiet:   []string{"/a/b/c", "/both", "/both/in"},
		},
		{
			name:    "below the builder's",
			builder: func(root string) { put(t, root+"/a/made", "") },
			step:    func(root string) { do(os.Link(root+"/a/b/c/file", root+"/link")) },
			want:    []string{"/a/b/c/file", "/link"},
			quiet:   []string{"/both", "/both/in"},
		},
		{
			name: "in a folder that was changed before",
			step: func(root string) {
				do(os.Chmod(root+"/a", 0o700), os.Rename(root+"/a/b/file", root+"/a/b/moved"), os.Link(root+"/a/b/moved", root+"/link"))
			},
			want:  []string{"/a/b/moved", "/link"},
			quiet: []string{"/a/b/c", "/both", "/both/in"},
		},
		{
			name: "in a folder that was made anew",
			step: func(root string) {
				do(os.RemoveAll(root+"/both"), os.Mkdir(root+"/both", 0o755), os.Link(root+"/a/b/file", root+"/both/link"))
			},
			want:  []string{"/a/b/file"},
			quiet: []string{"/a/b/c"},
		},
		{
			name:  "with a changed mode alone",
			step:  func(root string) { do(os.Mkdir(root+"/new", 0o755), os.Chmod(root+"/a/b/file", 0o600)) },
			want:  []string{},
			quiet: []string{"/a/b/c", "/both", "/both/in"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOverlay(t, 2)
			put(t, o.layers[0]+"/a/b/file", "")
			put(t, o.layers[0]+"/a/b/c/file", "")
			put(t, o.layers[0]+"/both/in/file", "")
			put(t, o.layers[1]+"/both/in/other", "")
			pause(t)
			o.mount(t)
			if tt.builder != nil {
				tt.builder(o.merged)
			}
			w, _, _ := watchTree(t, o.merged)
			start := pause(t)
			tt.step(o.merged)
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			clear(w.seen)
			if err := w.noteLinked(start); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, seenPaths(w, o.merged), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
			var quiet []string
			for _, dirs := range w.dirs {
				if dirs[0].fate == untouched {
					quiet = append(quiet, strings.TrimPrefix(dirs[0].path(), o.merged))
				}
			}
			slices.Sort(quiet)
			if diff := cmp.Diff(tt.quiet, quiet); diff != "" {
				t.Errorf("folders not looked into (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLinksInMountsAreFound: what lies in the image around a mount says nothing of it.
func TestLinksInMountsAreFound(t *testing.T) {
	for name, mount := range map[string]func(o *overlay, target string) error{
		"of another file system": func(_ *overlay, target string) error { return unix.Mount("tmpfs", target, "tmpfs", 0, "") },
		"of the same image": func(o *overlay, target string) error {
			return unix.Mount(o.merged+"/other", target, "", unix.MS_BIND, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOverlay(t, 1)
			put(t, o.layers[0]+"/a/cache/hidden", "")
			put(t, o.layers[0]+"/other/in/file", "")
			pause(t)
			o.mount(t)
			cache := o.merged + "/a/cache"
			if err := mount(o, cache); err != nil {
				t.Skipf("needs to mount: %v", err)
			}
			t.Cleanup(func() { _ = unix.Unmount(cache, unix.MNT_DETACH) })
			if _, err := os.Stat(cache + "/in/file"); err != nil {
				put(t, cache+"/in/file", "")
			}
			w, _, _ := watchTree(t, o.merged, step.ConfigMount{Target: cache, Shared: true})
			start := pause(t)
			err := errors.Join(os.Mkdir(cache+"/new", 0o755), os.Link(cache+"/in/file", cache+"/new/link"), w.stop())
			if err != nil {
				t.Fatal(err)
			}
			clear(w.seen)
			if err := w.noteLinked(start); err != nil {
				t.Fatal(err)
			}
			if got := seenPaths(w, o.merged); !slices.Contains(got, "/a/cache/in/file") {
				t.Errorf("found %v", got)
			}
		})
	}
}

func TestLinksAreSoughtOnTheirDeviceAlone(t *testing.T) {
	o := newOverlay(t, 1)
	o.mount(t)
	cache := o.merged + "/cache"
	put(t, o.merged+"/file", "")
	if err := errors.Join(os.Mkdir(cache, 0o755), unix.Mount("tmpfs", cache, "tmpfs", 0, "")); err != nil {
		t.Skipf("needs to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(cache, unix.MNT_DETACH) })
	put(t, cache+"/file", "")
	var root, other unix.Stat_t
	if err := errors.Join(unix.Lstat(o.merged, &root), unix.Lstat(cache, &other)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		do   func() error
		want map[uint64]bool
	}{
		{"folder in the root", func() error { return os.Mkdir(o.merged+"/new", 0o755) }, map[uint64]bool{root.Dev: true}},
		{"folder in the cache", func() error { return os.Mkdir(cache+"/new", 0o755) }, map[uint64]bool{other.Dev: true}},
		{"link in the cache", func() error { return os.Link(cache+"/file", cache+"/link") }, map[uint64]bool{other.Dev: true}},
		{"file in the cache", func() error { return os.WriteFile(cache+"/made", nil, 0o644) }, map[uint64]bool{}},
		{"folders in both", func() error { return errors.Join(os.Mkdir(cache+"/n", 0o755), os.Mkdir(o.merged+"/n", 0o755)) },
			map[uint64]bool{root.Dev: true, other.Dev: true}},
	} {
		w, _, _ := watchTree(t, o.merged, step.ConfigMount{Target: cache, Shared: true})
		if err := errors.Join(tt.do(), w.stop()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, w.linkedOn()); diff != "" {
			t.Errorf("%s: devices (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLayersAreThoseOfAWholeOverlay(t *testing.T) {
	const (
		overlay = "73 49 0:39 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
		proc    = "74 73 0:42 / /proc rw,nosuid - proc proc rw\n"
	)
	for _, tt := range []struct {
		info string
		want bool
	}{
		{overlay + proc, true},
		{proc, false},
		{overlay + overlay, false},
		{strings.Replace(overlay, "0:39 /", "0:39 /snapshots/5", 1), false},
		{strings.Replace(overlay, "- overlay", "- fuse.fuse-overlayfs", 1), false},
		{strings.Replace(overlay, "- overlay", "- ext4", 1), false},
	} {
		if got := overlayAt(tt.info, "/"); got != tt.want {
			t.Errorf("%s: %v", tt.info, got)
		}
	}
	o := newOverlay(t, 1)
	before := pause(t)
	o.mount(t)
	info, err := readMountinfo()
	if err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Lstat(o.merged, &st); err != nil {
		t.Fatal(err)
	}
	got := findLayers(info, o.merged)
	after := pause(t)
	if got.dev != st.Dev || got.born.Nano() < before.Nano() || got.born.Nano() > after.Nano() {
		t.Errorf("%+v; device %d, made between %v and %v", got, st.Dev, before, after)
	}
	if none := findLayers(info, o.base); none != (layers{}) {
		t.Errorf("a folder that is no mount: %+v", none)
	}
}

// compareLooks returns how many links there were and how many folders nobody looked at.
func compareLooks(t *testing.T, r *rand.Rand, option string) (links, skipped int) {
	o := newOverlay(t, 2)
	for _, l := range o.layers {
		for range 80 {
			change(r, l)
		}
	}
	o.mount(t, "index=off", option)
	defer o.unmount()
	for range r.IntN(12) {
		change(r, o.merged) // the builder, for mount points
	}
	w, _, g := watchTree(t, o.merged)
	if reasons := g.reasons(true); len(reasons) > 0 {
		t.Skip(reasons)
	}
	start := pause(t)
	for range 1 + r.IntN(6) {
		change(r, o.merged)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	look := func() []string {
		for _, dirs := range w.dirs {
			w.blind[dirs[0].dev] = true
		}
		clear(w.seen)
		if err := w.noteLinked(start); err != nil {
			t.Fatal(err)
		}
		return seenPaths(w, o.merged)
	}
	got := look()
	for _, dirs := range w.dirs {
		if dirs[0].fate == untouched {
			skipped++
		}
		dirs[0].lower, dirs[0].fate = false, unknown
	}
	want := look()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("links (-every folder +touched folders):\n%s", diff)
	}
	return len(want), skipped
}

// change does one random thing to a small name space, so that names are used again as
// something else. What cannot be done is not.
func change(r *rand.Rand, root string) {
	name := func() string {
		p := root
		for range 1 + r.IntN(5) {
			p = filepath.Join(p, string("abc"[r.IntN(3)]))
		}
		return p
	}
	var files, all []string
	_ = filepath.WalkDir(root, func(p string, e os.DirEntry, err error) error {
		all = append(all, p)
		if e.Type().IsRegular() {
			files = append(files, p)
		}
		return err
	})
	any := func(of []string) string { return append(of, root)[r.IntN(len(of)+1)] }
	switch r.IntN(20) {
	case 0:
		_ = os.RemoveAll(name())
	case 1:
		_ = os.Chmod(any(all), os.FileMode(0o700|r.IntN(64)))
	case 2:
		_ = os.Chtimes(any(all), time.Unix(int64(r.IntN(1000)), 0), time.Unix(int64(r.IntN(1000)), 0))
	case 3, 4, 5, 6, 7:
		_ = os.Link(any(files), any(all)+"/"+string("xyz"[r.IntN(3)]))
	case 8, 9:
		_ = os.Rename(any(all), name())
	case 10:
		_, _ = os.ReadFile(any(files))
	default:
		p := name()
		_ = os.MkdirAll(filepath.Dir(p), 0o755)
		_ = os.WriteFile(p, []byte(fmt.Sprint(r.IntN(4))), 0o644)
	}
}
