package sbom_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
)

// summary is a delta as short lines: "+" added, "~" changed, "-" removed.
func summary(d sbom.Delta) []string {
	var out []string
	for _, list := range []struct {
		mark string
		es   []sbom.Entry
	}{{"+", d.Added}, {"~", d.Changed}} {
		for _, e := range list.es {
			out = append(out, fmt.Sprintf("%s %s %s %s", list.mark, e.Type, e.Mode, e.Path))
		}
	}
	for _, p := range d.Removed {
		out = append(out, "- "+string(p))
	}
	return out
}

func compare(t *testing.T, before, after []string) sbom.Comparison {
	t.Helper()
	dir := t.TempDir()
	var trees [2]*sbom.Tree
	for i, entries := range [][]string{before, after} {
		sub := filepath.Join(dir, fmt.Sprint(i))
		if entries != nil {
			treetest.Make(t, sub, entries...)
		}
		trees[i] = open(t, sub)
	}
	d, err := sbom.Compare(trees[0], trees[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name                string
		before, after, want []string
	}{
		{
			name:   "a file added, its folder only on the way",
			before: []string{"file 0644 /etc/a x"},
			after:  []string{"file 0644 /etc/a x", "file 0600 /etc/b y"},
			want:   []string{"+ file 0600 /etc/b"},
		},
		{
			name:   "same size, other bytes",
			before: []string{"file 0644 /a x"}, after: []string{"file 0644 /a y"},
			want: []string{"~ file 0644 /a"},
		},
		{
			name:   "setuid bit",
			before: []string{"file 0755 /a x"}, after: []string{"file 4755 /a x"},
			want: []string{"~ file 4755 /a"},
		},
		{
			name:   "copied up without a change",
			before: []string{"file 0644 /d/a x"}, after: []string{"file 0644 /d/a x"},
			want: nil,
		},
		{
			name:   "a folder's mode",
			before: []string{"dir 0755 /d"}, after: []string{"dir 1777 /d"},
			want: []string{"~ dir 1777 /d"},
		},
		{
			name:   "a folder removed with all below it",
			before: []string{"file 0644 /d/e/f x", "file 0644 /d/g x", "file 0644 /k x"}, after: []string{"file 0644 /k x"},
			want: []string{"- /d", "- /d/e", "- /d/e/f", "- /d/g"},
		},
		{
			name:   "a folder becomes a file",
			before: []string{"file 0644 /d/e/f x"}, after: []string{"file 0644 /d y"},
			want: []string{"~ file 0644 /d", "- /d/e", "- /d/e/f"},
		},
		{
			name:   "a file becomes a folder",
			before: []string{"file 0644 /d y"}, after: []string{"file 0644 /d/e/f x"},
			want: []string{"+ dir 0755 /d/e", "+ file 0644 /d/e/f", "~ dir 0755 /d"},
		},
		{
			name:   "a folder becomes a symlink to another",
			before: []string{"file 0644 /d/x x", "file 0644 /e/x x"}, after: []string{"link /d e", "file 0644 /e/x x"},
			want: []string{"~ symlink 0777 /d", "- /d/x"},
		},
		{
			name:   "a symlink becomes a folder with the same names",
			before: []string{"link /d e", "file 0644 /e/x x"}, after: []string{"file 0644 /d/x x", "file 0644 /e/x x"},
			want: []string{"+ file 0644 /d/x", "~ dir 0755 /d"},
		},
		{
			name:   "a symlink's target",
			before: []string{"link /l a"}, after: []string{"link /l b"},
			want: []string{"~ symlink 0777 /l"},
		},
		{
			name:   "a folder emptied and filled anew",
			before: []string{"file 0644 /d/old x"}, after: []string{"file 0644 /d/new x"},
			want: []string{"+ file 0644 /d/new", "- /d/old"},
		},
		{
			name:   "a pipe is not opened",
			before: []string{}, after: []string{"fifo 0600 /p"},
			want: []string{"+ fifo 0600 /p"},
		},
		{
			name:   "names that are hostile to lines and to UTF-8",
			before: []string{`file 0644 "/a\nb" x`}, after: []string{`file 0644 "/x\xff\x01y" x`, `file 0644 "/ " x`},
			want: []string{"+ file 0644 / ", "+ file 0644 /x\xff\x01y", "- /a\nb"},
		},
		{
			name:  "a base is all added",
			after: []string{"file 0644 /d.e x", "file 0644 /d/a x"},
			want:  []string{"+ dir 0755 /d", "+ file 0644 /d.e", "+ file 0644 /d/a"},
		},
		{
			name:   "nothing is left",
			before: []string{"file 0644 /a x"},
			want:   []string{"- /a"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, summary(compare(t, c.before, c.after).Delta)); diff != "" {
				t.Errorf("delta (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareRecordsContent(t *testing.T) {
	d := compare(t, nil, []string{"file 4755 /su hello", "link /l ../a b"})
	want := []sbom.Entry{
		{Path: "/l", Type: "symlink", Mode: "0777", Target: "../a"},
		{
			Path: "/su", Type: "file", Mode: "4755", Size: 5,
			SHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
			SHA1:   "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
		},
	}
	got := d.Added
	ignore := cmpopts.IgnoreFields(sbom.Entry{}, "UID", "GID", "Inode")
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if int(got[1].UID) != os.Getuid() {
		t.Errorf("uid %d, want %d", got[1].UID, os.Getuid())
	}
}

func TestCompareKnowsNoTimes(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"before", "after"} {
		treetest.Make(t, filepath.Join(dir, sub), "file 0644 /a x")
	}
	when := treetest.Time().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "after", "a"), when, when); err != nil {
		t.Fatal(err)
	}
	d, err := sbom.Compare(open(t, dir+"/before"), open(t, dir+"/after"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string(nil), summary(d.Delta)); diff != "" {
		t.Errorf("delta (-want +got):\n%s", diff)
	}
}

// TestWalkGoesAnyDepth walks a tree that is deeper than a path may be long and
// than a process may have files open.
func TestWalkGoesAnyDepth(t *testing.T) {
	const depth = 10000
	dir, err := os.MkdirTemp("/dev/shm", "sworn") // on a disk it takes ten seconds
	if err != nil {
		dir = t.TempDir()
	}
	defer os.RemoveAll(dir)
	fd, err := syscall.Open(dir, syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range depth {
		if err := syscall.Mkdirat(fd, "d", 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := syscall.Openat(fd, "d", syscall.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Close(fd)
		fd = next
	}
	syscall.Close(fd)
	es, err := sbom.Walk(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if len(es) != depth || len(es[depth-1].Path) != 2*depth {
		t.Errorf("got %d entries, the last with %d bytes", len(es), len(es[len(es)-1].Path))
	}
}

func TestTreeNeverLeavesItsRoot(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, "file 0644 /secret s", "file 0644 /root/etc/real r",
		"link /root/up ../../secret", "link /root/abs /etc/real", "link /root/loop loop", "link /root/dir /../etc", "fifo 0600 /root/pipe")
	tree := open(t, dir+"/root")
	for _, c := range []struct{ path, want string }{
		{"/up", "file does not exist"}, {"/loop", "file does not exist"}, {"/pipe", "file does not exist"},
		{"/../secret", "file does not exist"}, {"/abs", ""}, {"/dir/real", ""},
	} {
		b, err := tree.ReadFile(c.path, 10)
		switch {
		case c.want == "" && (err != nil || string(b) != "r"):
			t.Errorf("%s: %q, %v", c.path, b, err)
		case c.want != "" && (err == nil || err.Error() != c.want):
			t.Errorf("%s: %q, %v, want %s", c.path, b, err, c.want)
		}
	}
	if _, err := tree.ReadFile("/etc/real", 0); err == nil || !strings.Contains(err.Error(), "more than 0 bytes") {
		t.Errorf("bound: %v", err)
	}
	if _, err := tree.Stat("/dir/real"); !os.IsNotExist(err) {
		t.Errorf("a symlink on the way was followed: %v", err)
	}
}
