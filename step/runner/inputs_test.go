package runner

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sworn-build/sworn/step"
	"golang.org/x/sys/unix"
)

func digestOf(s string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s))) }

func TestInputsHoldDigestsOfWhatWasReadAndNotChanged(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"read", "unread", "written", "removed", "replaced", "touched", "linked",
		"olddir/x", "swapped/x", "other/x", "empty",
	} {
		put(t, root+"/"+name, name)
	}
	put(t, root+"/empty", "")
	if err := unix.Mkfifo(root+"/fifo", 0o644); err != nil {
		t.Fatal(err)
	}
	w, mt, _ := watchTree(t, root)
	start := pause(t)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"read", "written", "removed", "replaced", "touched", "linked", "olddir/x", "swapped/x", "empty"} {
		read(t, root+"/"+name)
	}
	fifo, err := os.OpenFile(root+"/fifo", os.O_RDWR|unix.O_NONBLOCK, 0)
	do(err)
	do(fifo.Close())
	do(os.WriteFile(root+"/written", []byte("more"), 0o644))
	do(os.Remove(root + "/removed"))
	do(os.Remove(root + "/replaced"))
	do(os.Symlink("unread", root+"/replaced"))
	do(os.Chmod(root+"/touched", 0o600))
	do(os.Link(root+"/linked", root+"/link"))
	do(os.RemoveAll(root + "/olddir"))
	do(os.WriteFile(root+"/new", []byte("new"), 0o644))
	// swapped is now other's folder: same path, another file, an old ctime.
	do(os.Rename(root+"/swapped", root+"/gone"))
	do(os.Rename(root+"/other", root+"/swapped"))
	do(w.stop())
	got, err := w.inputs(mt, start)
	do(err)
	for i := range got {
		got[i].Path = step.Path(strings.TrimPrefix(string(got[i].Path), root+"/"))
	}
	want := []step.Input{
		{Path: "empty", Digest: digestOf("")},
		{Path: "linked", Changed: true},
		{Path: "new", Changed: true},
		{Path: "olddir/x", Changed: true},
		{Path: "read", Digest: digestOf("read"), Size: 4},
		{Path: "removed", Changed: true},
		{Path: "replaced", Changed: true},
		{Path: "swapped/x", Changed: true},
		{Path: "touched", Changed: true},
		{Path: "written", Changed: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinkedFilesCountAsOpened(t *testing.T) {
	for name, link := range map[string]func(root string) error{
		"in a new folder": func(root string) error {
			if err := os.Mkdir(root+"/new", 0o755); err != nil {
				return err
			}
			return os.Link(root+"/old/a", root+"/new/a")
		},
		"in an old folder": func(root string) error { return os.Link(root+"/old/a", root+"/b") },
	} {
		root := t.TempDir()
		put(t, root+"/old/a", "a")
		put(t, root+"/old/unread", "b")
		w, mt, _ := watchTree(t, root)
		start := pause(t)
		if err := errors.Join(link(root), os.Chmod(root+"/old/unread", 0o600), w.stop(), w.noteLinked(start)); err != nil {
			t.Fatal(err)
		}
		got, err := w.inputs(mt, start)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(got, func(i step.Input) bool { return string(i.Path) == root+"/old/a" })
		if i < 0 || !got[i].Changed {
			t.Errorf("%s: %+v", name, got)
		}
		if slices.ContainsFunc(got, func(i step.Input) bool { return string(i.Path) == root+"/old/unread" }) {
			t.Errorf("%s: a changed mode is no use: %+v", name, got)
		}
	}
}

func TestLinksAreSoughtOnlyWhenTheyMayExist(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(root string) error
		want bool
	}{
		{"nothing", func(string) error { return nil }, false},
		{"a file read", func(root string) error { _, err := os.ReadFile(root + "/a"); return err }, false},
		{"a file made", func(root string) error { return os.WriteFile(root+"/b", nil, 0o644) }, false},
		{"a folder made", func(root string) error { return os.Mkdir(root+"/b", 0o755) }, true},
		{"a link made", func(root string) error { return os.Link(root+"/a", root+"/b") }, true},
	} {
		root := t.TempDir()
		put(t, root+"/a", "a")
		w, _, _ := watchTree(t, root)
		if err := errors.Join(tt.do(root), w.stop()); err != nil {
			t.Fatal(err)
		}
		if got := len(w.linkedOn()) > 0; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestFileThatChangesBeforeItIsHashedCountsAsChanged: another build may write to a shared
// mount at any time.
func TestFileThatChangesBeforeItIsHashedCountsAsChanged(t *testing.T) {
	long := strings.Repeat("long", hashBytes)
	for _, tt := range []struct {
		name   string
		change func(path string) error
		want   step.Input
	}{
		{"not at all", func(string) error { return nil }, step.Input{Digest: digestOf(long), Size: int64(len(long))}},
		{"written", func(p string) error { return os.WriteFile(p, []byte(long), 0o644) }, step.Input{Changed: true}},
		{"longer", func(p string) error { return os.WriteFile(p, []byte(long+"x"), 0o644) }, step.Input{Changed: true}},
		{"mode", func(p string) error { return os.Chmod(p, 0o600) }, step.Input{Changed: true}},
		{"replaced", func(p string) error {
			return errors.Join(os.WriteFile(p+".new", []byte(long), 0o644), os.Rename(p+".new", p))
		}, step.Input{Changed: true}},
		{"removed", os.Remove, step.Input{Changed: true}},
		{"with its folder", func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, step.Input{Changed: true}},
		{"now a link", func(p string) error { return errors.Join(os.Remove(p), os.Symlink("x", p)) },
			step.Input{Reason: "too many levels of symbolic links"}},
	} {
		path := t.TempDir() + "/folder/file"
		put(t, path, long)
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			t.Fatal(err)
		}
		pause(t)
		f := file{hash: true, stat: statOf(st)}
		f.in.Path = step.Path(path)
		if err := errors.Join(tt.change(path), f.digest(newHasher())); err != nil {
			t.Fatal(err)
		}
		tt.want.Path = step.Path(path)
		if diff := cmp.Diff(tt.want, f.in); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestFileChangedInTheTickOfTheStartCountsAsChanged(t *testing.T) {
	at := unix.Timespec{Sec: 5, Nsec: 7}
	for _, tt := range []struct {
		sec, nsec int64
		want      bool
	}{{5, 7, false}, {5, 6, true}, {5, 8, false}, {4, 9, true}, {6, 0, false}} {
		if got := before(unix.Timespec{Sec: tt.sec, Nsec: tt.nsec}, at); got != tt.want {
			t.Errorf("%d.%d: %v", tt.sec, tt.nsec, got)
		}
	}
}

func TestUnreadableInputSaysWhy(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root reads everything; TestUserStep covers a real one")
	}
	root := t.TempDir()
	put(t, root+"/f", "x")
	w, mt, _ := watchTree(t, root)
	read(t, root+"/f")
	if err := os.Chmod(root+"/f", 0); err != nil {
		t.Fatal(err)
	}
	start := pause(t)
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	got, err := w.inputs(mt, start)
	if err != nil {
		t.Fatal(err)
	}
	want := []step.Input{{Path: step.Path(root + "/f"), Reason: "permission denied"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGapsAreTheSameInAnyOrder(t *testing.T) {
	paths := []string{"/b", "/a", "/c"}
	var got [2][]string
	for i := range got {
		g := newGaps()
		for j := range paths {
			p := paths[(j*(2*i+1))%len(paths)]
			g.unwatched(p, unix.EACCES)
			g.closed("/closed" + p)
		}
		g.unwatched("/z", unix.ENOSPC)
		got[i] = g.reasons(false)
	}
	want := []string{
		"3 folders not watched, the first is /a: permission denied",
		"3 folders of other users not watched, the first is /closed/a: a set-user-ID program may read there",
		"no more watches: limit fs.inotify.max_user_watches reached",
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	g := newGaps()
	g.closed("/root")
	if diff := cmp.Diff([]string(nil), g.reasons(true), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("with no_new_privs (-want +got):\n%s", diff)
	}
}
