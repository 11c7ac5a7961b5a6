package sbom_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/step"
)

// TestCompareAgreesWithFullWalks makes random changes in an overlay, as a step
// does, and compares what Compare finds through the upper folder (which has
// whiteouts on top of what a mounted Diff shows) with what two full walks say.
func TestCompareAgreesWithFullWalks(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			dir := t.TempDir()
			path := func(s string) string { return filepath.Join(dir, s) }
			for _, s := range []string{"lower", "upper", "work", "merged"} {
				if err := os.Mkdir(path(s), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			r := rand.New(rand.NewPCG(seed, 1))
			for range 60 {
				change(t, r, path("lower"))
			}
			// The upper folder lies on a tmpfs: an overlay cannot be the upper of one.
			if err := unix.Mount("tmpfs", path("work"), "tmpfs", 0, ""); err != nil {
				t.Skipf("skipped: mounting a tmpfs: %v", err)
			}
			defer unix.Unmount(path("work"), unix.MNT_DETACH)
			os.Mkdir(path("work/upper"), 0o755)
			os.Mkdir(path("work/work"), 0o755)
			opts := "lowerdir=" + path("lower") + ",upperdir=" + path("work/upper") + ",workdir=" + path("work/work")
			if err := unix.Mount("overlay", path("merged"), "overlay", 0, opts); err != nil {
				t.Skipf("skipped: mounting an overlay: %v", err)
			}
			defer unix.Unmount(path("merged"), unix.MNT_DETACH)
			for range 40 {
				change(t, r, path("merged"))
			}
			got, err := sbom.Compare(open(t, path("lower")), open(t, path("merged")), open(t, path("work/upper")))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(walks(t, path("lower"), path("merged")), got); diff != "" {
				t.Errorf("delta (-full walks +Compare):\n%s", diff)
			}
		})
	}
}

// change does one random thing to a small name space, so that names are used
// again as something else.
func change(t *testing.T, r *rand.Rand, root string) {
	t.Helper()
	names := []string{"a", "b", "c", "d"}
	p := root
	for range 1 + r.IntN(3) {
		p = filepath.Join(p, names[r.IntN(len(names))])
	}
	switch r.IntN(7) {
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
	default:
		os.WriteFile(p, []byte(names[r.IntN(len(names))]), 0o644)
	}
}

// walks computes a delta the slow way.
func walks(t *testing.T, before, after string) sbom.Delta {
	t.Helper()
	es := map[step.Path]sbom.Entry{}
	old, err := sbom.Walk(open(t, before))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range old {
		es[e.Path] = e
	}
	now, err := sbom.Walk(open(t, after))
	if err != nil {
		t.Fatal(err)
	}
	var d sbom.Delta
	for _, e := range now {
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
