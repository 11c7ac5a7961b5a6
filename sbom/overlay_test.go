package sbom_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// states are layers in a tmpfs: an overlay cannot have its upper folder on another one.
type states struct {
	t      *testing.T
	dir    string
	layers []string // the lowest first
	mounts int
}

func newStates(t *testing.T) *states {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		t.Skipf("skipped: mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return &states{t: t, dir: dir}
}

// layer adds a layer that fn fills, through an overlay once there is one below.
func (s *states) layer(fn func(dir string)) {
	s.t.Helper()
	n := len(s.layers)
	upper := filepath.Join(s.dir, fmt.Sprintf("layer%d", n))
	s.mkdir(upper)
	if n == 0 {
		fn(upper)
	} else {
		work := filepath.Join(s.dir, fmt.Sprintf("work%d", n))
		s.mkdir(work)
		merged := s.mount(n, ",upperdir="+upper+",workdir="+work, 0)
		fn(merged)
		if err := unix.Unmount(merged, 0); err != nil {
			s.t.Fatal(err)
		}
	}
	s.layers = append(s.layers, upper)
}

// state is what the first n layers make, mounted read-only as BuildKit does: a single
// layer as the folder that it is.
func (s *states) state(n int) *sbom.Tree {
	s.t.Helper()
	if n == 1 {
		return open(s.t, s.layers[0])
	}
	return open(s.t, s.mount(n, "", unix.MS_RDONLY))
}

func (s *states) mount(n int, opts string, flags uintptr) string {
	s.t.Helper()
	s.mounts++
	at := filepath.Join(s.dir, fmt.Sprintf("mount%d", s.mounts))
	s.mkdir(at)
	lower := ""
	for _, l := range slices.Backward(s.layers[:n]) {
		lower += ":" + l
	}
	if n == 1 && opts == "" {
		s.t.Fatal("an overlay of one layer")
	}
	if err := unix.Mount("overlay", at, "overlay", flags, "lowerdir="+lower[1:]+opts); err != nil {
		s.t.Skipf("skipped: mounting an overlay: %v", err)
	}
	s.t.Cleanup(func() { unix.Unmount(at, unix.MNT_DETACH) })
	return at
}

func (s *states) mkdir(dir string) {
	s.t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// Random changes in layers, as steps make them, are found where folders that nothing
// happened to are left out: what Compare says is what two full walks say, and what
// Touched leaves out is the same in both.
func TestCompareAgreesWithFullWalks(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			s := newStates(t)
			for range 4 {
				s.layer(func(dir string) {
					for range 40 {
						change(t, r, dir)
					}
				})
			}
			for _, n := range [][2]int{{1, 2}, {2, 3}, {3, 4}, {1, 4}, {4, 4}} {
				before, after := s.state(n[0]), s.state(n[1])
				got, err := sbom.Compare(before, after)
				if err != nil {
					t.Fatal(err)
				}
				want := walks(t, before, after)
				if diff := cmp.Diff(want, got.Delta, cmpopts.IgnoreFields(sbom.Entry{}, "Inode")); diff != "" {
					t.Errorf("%v: delta (-full walks +Compare):\n%s", n, diff)
				}
				checkTouched(t, before, after, want)
				if n[0] == n[1] {
					if es, gone, err := sbom.Touched(before, after); err != nil || len(es)+len(gone) > 0 {
						t.Errorf("%v: touched %v, gone %v, %v", n, es, gone, err)
					}
				}
			}
		})
	}
}

// checkTouched verifies that Touched has everything of a delta, as it is, and that
// what else it has exists.
func checkTouched(t *testing.T, before, after *sbom.Tree, d sbom.Delta) {
	t.Helper()
	es, gone, err := sbom.Touched(before, after)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d.Removed, gone); diff != "" {
		t.Errorf("removed (-full walks +Touched):\n%s", diff)
	}
	touched := map[step.Path]sbom.Entry{}
	for _, e := range es {
		is, err := after.Stat(string(e.Path))
		if err != nil || is != e {
			t.Errorf("touched %+v, is %+v, %v", e, is, err)
		}
		touched[e.Path] = e
	}
	for _, e := range slices.Concat(d.Added, d.Changed) {
		if _, ok := touched[e.Path]; !ok {
			t.Errorf("%s changed and was not touched", e.Path)
		}
	}
}

// change does one random thing to a small name space, so that names are used
// again as something else.
func change(t *testing.T, r *rand.Rand, root string) {
	t.Helper()
	names := []string{"a", "b", "c", "d"}
	pick := func() string {
		p := root
		for range 1 + r.IntN(3) {
			p = filepath.Join(p, names[r.IntN(len(names))])
		}
		return p
	}
	p := pick()
	switch r.IntN(9) {
	case 0:
		os.RemoveAll(p)
	case 1:
		os.MkdirAll(p, 0o755)
	case 2:
		os.Remove(p)
		os.Symlink(names[r.IntN(len(names))], p)
	case 3:
		os.Chmod(p, os.FileMode(0o700|r.IntN(64)))
	case 4:
		os.Chtimes(p, time.Unix(int64(r.IntN(1000)), 0), time.Unix(int64(r.IntN(1000)), 0))
	case 5:
		os.Link(p, pick())
	case 6:
		os.Rename(p, pick())
	default:
		os.WriteFile(p, []byte(names[r.IntN(len(names))]), 0o644)
	}
}

// walks computes a delta the slow way.
func walks(t *testing.T, before, after *sbom.Tree) sbom.Delta {
	t.Helper()
	es := map[step.Path]sbom.Entry{}
	old, err := sbom.Walk(before)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range old {
		e.Inode = ""
		es[e.Path] = e
	}
	now, err := sbom.Walk(after)
	if err != nil {
		t.Fatal(err)
	}
	var d sbom.Delta
	for _, e := range now {
		e.Inode = ""
		was, ok := es[e.Path]
		delete(es, e.Path)
		switch {
		case !ok:
			d.Added = append(d.Added, e)
		case was != e:
			d.Changed = append(d.Changed, e)
		}
	}
	for _, e := range old {
		if _, ok := es[e.Path]; ok {
			d.Removed = append(d.Removed, e.Path)
		}
	}
	return d
}

// What a step can do to files without changing their bytes copies them; reading does
// not.
func TestCompareFindsWhatAnOverlayCopiedUp(t *testing.T) {
	s := newStates(t)
	s.layer(func(dir string) {
		var files []string
		for _, name := range []string{"linked", "moved", "mode", "touched", "written", "replaced", "removed", "read", "left"} {
			files = append(files, "file 0644 /d/"+name+" "+name)
		}
		treetest.Make(t, dir, append(files, "file 0644 /e/f x", "link /l d")...)
	})
	s.layer(func(dir string) { treetest.Make(t, dir, "dir 0755 /other") })
	s.layer(func(m string) {
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
	})
	got, err := sbom.Compare(s.state(2), s.state(3))
	if err != nil {
		t.Fatal(err)
	}
	want := []step.Path{"/d/linked", "/d/mode", "/d/moved", "/d/replaced", "/d/touched", "/d/written"}
	if diff := cmp.Diff(want, got.Copied); diff != "" {
		t.Errorf("copied (-want +got):\n%s", diff)
	}
}

// Without an overlay every folder is looked at, and a whole copy is one.
func TestCompareOfWholeCopies(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"before", "after"} {
		treetest.Make(t, filepath.Join(dir, sub), "file 0644 /d/a x", "file 0644 /b y")
	}
	if err := os.WriteFile(dir+"/after/d/a", []byte("z"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := sbom.Compare(open(t, dir+"/before"), open(t, dir+"/after"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"~ file 0644 /d/a"}, summary(got.Delta)); diff != "" {
		t.Errorf("delta (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]step.Path{"/b", "/d/a"}, got.Copied); diff != "" {
		t.Errorf("copied (-want +got):\n%s", diff)
	}
}

func TestNothingIsCopiedFromNothing(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, "file 0644 /a x")
	for _, trees := range [][2]*sbom.Tree{{nil, open(t, dir)}, {open(t, dir), nil}, {open(t, dir), open(t, dir)}} {
		got, err := sbom.Compare(trees[0], trees[1])
		if err != nil || len(got.Copied) > 0 {
			t.Errorf("got %v, %v", got.Copied, err)
		}
	}
}
