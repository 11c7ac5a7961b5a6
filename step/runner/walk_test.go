package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

// walked are the paths of watched folders, and the gaps, after a walk of root.
func walked(t *testing.T, root string, mt *mountTable, workers int) (paths, reasons []string) {
	t.Helper()
	w, err := newWatcher()
	if err != nil {
		t.Skipf("no inotify instance: %v", err)
	}
	defer unix.Close(w.fd)
	g := newGaps()
	newWalk(w, mt, layers{}, g, workers).all(root)
	return watchedPaths(w), g.reasons(false)
}

func watchedPaths(w *watcher) []string {
	var out []string
	for _, dirs := range w.dirs {
		for _, d := range dirs {
			out = append(out, d.path())
		}
	}
	slices.Sort(out)
	return out
}

// TestWalkIsTheSameWithAnyNumberOfWorkers compares with what the standard library can
// list, in random trees where some folders are closed, or are mounts.
func TestWalkIsTheSameWithAnyNumberOfWorkers(t *testing.T) {
	for seed := range uint64(10) {
		root := t.TempDir()
		r := rand.New(rand.NewPCG(seed, 1))
		folders := randomFolders(t, r, root)
		var mounts []step.ConfigMount
		for range 5 {
			m := step.ConfigMount{Target: folders[r.IntN(len(folders))], Ignore: r.IntN(2) == 0}
			if !slices.ContainsFunc(mounts, func(o step.ConfigMount) bool { return o.Target == m.Target }) {
				mounts = append(mounts, m)
			}
		}
		mt, err := newMountTable("", mounts)
		if err != nil {
			t.Fatal(err)
		}
		asUser(t, func() {
			want := listable(root, mt)
			_, reasons := walked(t, root, mt, 1)
			for _, workers := range []int{1, 2, 8} {
				paths, got := walked(t, root, mt, workers)
				if diff := cmp.Diff(want, paths); diff != "" {
					t.Errorf("seed %d, %d workers: watched (-want +got):\n%s", seed, workers, diff)
				}
				if diff := cmp.Diff(reasons, got); diff != "" {
					t.Errorf("seed %d, %d workers: reasons (-want +got):\n%s", seed, workers, diff)
				}
			}
		})
	}
}

// randomFolders makes some 200 folders, of which a few are closed to users.
func randomFolders(t *testing.T, r *rand.Rand, root string) []string {
	t.Helper()
	out := []string{root}
	for i := range 200 {
		dir := filepath.Join(out[r.IntN(len(out))], strconv.Itoa(i))
		put(t, dir+"/file", "")
		out = append(out, dir)
	}
	for _, dir := range slices.Backward(out[1:]) { // those below first, as long as they can be reached
		if r.IntN(10) == 0 {
			if err := os.Chmod(dir, []os.FileMode{0, 0o700, 0o711}[r.IntN(3)]); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() {
		for _, dir := range out {
			_ = os.Chmod(dir, 0o755)
		}
	})
	return out
}

// asUser calls do as an ordinary user, for whom closed folders are closed.
func asUser(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		if err := syscall.Seteuid(1000); err != nil {
			t.Skipf("needs another user: %v", err)
		}
		defer func() {
			if err := syscall.Seteuid(0); err != nil {
				t.Fatal(err)
			}
		}()
		// Else /proc/self would be root's.
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	do()
}

// listable are the folders below root that this user can list and may enter, or that
// are mounts below one that it may not enter.
func listable(root string, mt *mountTable) []string {
	found := map[string]bool{}
	visit := func(top string) {
		_ = filepath.WalkDir(top, func(p string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				delete(found, p)
				return fs.SkipDir
			case !e.IsDir():
			case p != top && !mt.allowed(p):
				return fs.SkipDir
			default:
				found[p] = true
			}
			return nil
		})
	}
	visit(root)
	for _, target := range slices.Sorted(maps.Keys(mt.mounts)) {
		if !mt.mounts[target].Ignore && !found[target] {
			visit(target)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestWalkHoldsFewFoldersOpen(t *testing.T) {
	const workers, depth = 4, 150
	root := t.TempDir()
	dir := root
	for range depth {
		for _, name := range []string{"/a", "/b", "/c"} {
			if err := os.Mkdir(dir+name, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		fd, err := openDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		names, err := listDir(fd)
		if err := errors.Join(err, unix.Close(fd)); err != nil {
			t.Fatal(err)
		}
		dir += "/" + names[0].name // the others are visited later
	}
	mt, err := newMountTable("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	few := old
	few.Cur = limitFor(t, 1+maxOpenDirs+2*workers) // one is for inotify
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	paths, reasons := walked(t, root, mt, workers)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if len(paths) != 3*depth+1 || len(reasons) > 0 {
		t.Errorf("%d folders watched, want %d; %v", len(paths), 3*depth+1, reasons)
	}
}

// limitFor is the limit for descriptors that leaves room for n more.
func limitFor(t *testing.T, n int) uint64 {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{}
	for _, e := range entries {
		open[e.Name()] = true
	}
	limit := 0
	for ; n > 0; limit++ {
		if !open[strconv.Itoa(limit)] {
			n--
		}
	}
	return uint64(limit)
}

// fewWatches tells the test binary that it has a limit of its own for watches.
const fewWatches = "RUNNER_TEST_FEW_WATCHES"

// TestLastWatchesGoToTheSameFolders runs in a user namespace, which has a limit of its
// own for watches.
func TestLastWatchesGoToTheSameFolders(t *testing.T) {
	if os.Getenv(fewWatches) == "" {
		cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), fewWatches+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		}
		out, err := cmd.CombinedOutput()
		if len(out) == 0 && err != nil {
			t.Skipf("needs a user namespace: %v", err)
		}
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := os.WriteFile("/proc/sys/user/max_inotify_watches", []byte("50"), 0o644); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for i := range 100 {
		put(t, fmt.Sprintf("%s/%d/%d/file", root, i%10, i), "")
	}
	var first []string
	for i := range 10 {
		o := &observer{mounts: &mountTable{}}
		if err := o.watchBelow(root, 1+i%2*3); err != nil {
			t.Fatal(err)
		}
		// Unlike stop, this waits until the watches are given back.
		if err := o.w.file.Close(); err != nil {
			t.Fatal(err)
		}
		paths := watchedPaths(o.w)
		if i == 0 {
			first = paths
		}
		if diff := cmp.Diff(first, paths); diff != "" || len(paths) != 50 {
			t.Errorf("%d folders watched (-first +now):\n%s", len(paths), diff)
		}
		want := []string{"no more watches: limit fs.inotify.max_user_watches reached"}
		if diff := cmp.Diff(want, o.gaps.reasons(false)); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
	}
}
