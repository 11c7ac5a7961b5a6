package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// bound makes a container whose ledger is that of entries; rootfs holds the same
// until edit changes it.
func bound(t testing.TB, entries []string, edit func(rootfs string)) string {
	t.Helper()
	dir := container(t)
	rootfs := filepath.Join(dir, step.RootfsDir)
	treetest.Make(t, rootfs, entries...)
	tree, err := sbom.OpenTree(rootfs)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	es, err := sbom.Walk(tree)
	if err != nil {
		t.Fatal(err)
	}
	var l sbom.Ledger
	if err := l.Apply(sbom.Delta{Added: es}, "step1"); err != nil {
		t.Fatal(err)
	}
	b, err := encodeLedger(l.Held(), nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	treetest.Make(t, filepath.Join(dir, step.LedgerDir), "file 0644 /"+step.LedgerFile+" "+string(b))
	nextTick()
	edit(rootfs)
	return dir
}

// nextTick waits until a change gives a file another ctime: older kernels set it by the
// timer's tick, of at most 10 ms.
func nextTick() { time.Sleep(15 * time.Millisecond) }

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// The digest of a source fixes its files, so that they need not be read; those of the
// base need not even be listed.
func TestTheLedgerHasWhatStepsMadeOfTheBase(t *testing.T) {
	file := func(p step.Path) sbom.Entry {
		return sbom.Entry{Path: p, Type: sbom.TypeFile, Mode: "0644", SHA256: sum("x"), SHA1: "1", Package: "pkg:x/y"}
	}
	held := []sbom.Held{
		{Entry: file("/a"), Step: "source1"}, {Entry: file("/b"), Step: "step1"},
		{Entry: file("/c"), Step: "source2"}, {Entry: file("/d"), Step: "step1"},
	}
	b, err := encodeLedger(held, map[string]step.Source{"source1": {}, "source2": {}}, "source1", []step.Path{"/a", "/aa", "/d", "/e"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := decodeLedger(b)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger{
		Version: ledgerVersion,
		Entries: []sbom.Entry{
			{Path: "/b", Type: sbom.TypeFile, Mode: "0644", SHA256: sum("x")},
			{Path: "/c", Type: sbom.TypeFile, Mode: "0644"},
			{Path: "/d", Type: sbom.TypeFile, Mode: "0644", SHA256: sum("x")},
		},
		Removed: []step.Path{"/aa", "/e"},
	}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An image is bound to what its steps made of the base that lies beside it.
func TestBindOverABase(t *testing.T) {
	base := []string{"file 0644 /etc/motd hello", "link /etc/link motd", "file 0644 /srv/gone x", "file 0600 /srv/kept y"}
	image := []string{"file 0644 /etc/motd changed", "link /etc/link motd", "file 0600 /srv/kept y", "file 0755 /bin/new n"}
	for _, c := range []struct {
		name string
		edit func(base, rootfs string)
		want string // empty: bound
	}{
		{"as the evidence says", func(_, _ string) {}, ""},
		{"a file of the base is there again", func(_, r string) { treetest.Make(t, r, "file 0644 /srv/gone x") }, "/srv/gone: in the image, not in the evidence"},
		{"a file of the base is gone", func(_, r string) { os.Remove(r + "/srv/kept") }, "/srv/kept: in the evidence, not in the image"},
		{"other bytes in a file of the base", func(_, r string) { os.Remove(r + "/srv/kept"); treetest.Make(t, r, "file 0600 /srv/kept z") }, "/srv/kept: sha256 " + sum("z") + ", evidence says " + sum("y")},
		{"other mode of a file of the base", func(_, r string) { os.Remove(r + "/srv/kept"); treetest.Make(t, r, "file 0644 /srv/kept y") }, "/srv/kept: mode 0644, evidence says 0600"},
		{"another link in the base", func(_, r string) { os.Remove(r + "/etc/link"); treetest.Make(t, r, "link /etc/link x") }, "/etc/link: target x, evidence says motd"},
		{"a file more", func(_, r string) { treetest.Make(t, r, "file 0644 /etc/more x") }, "/etc/more: in the image, not in the evidence"},
		{"what a step wrote is the base's again", func(_, r string) { treetest.Make(t, r, "file 0644 /etc/motd hello") }, "/etc/motd: size 5, evidence says 7"},
		{"what a step wrote is gone", func(_, r string) { os.Remove(r + "/bin/new") }, "/bin/new: in the evidence, not in the image"},
		{"what a step wrote is the very file of the base", func(b, r string) {
			os.Remove(r + "/etc/motd")
			if err := os.Link(b+"/etc/motd", r+"/etc/motd"); err != nil {
				t.Fatal(err)
			}
		}, "/etc/motd: size 5, evidence says 7"},
		{"another base", func(b, _ string) { treetest.Make(t, b, "file 0644 /x x") }, "/x: in the evidence, not in the image"},
		{"no base", func(b, _ string) { os.RemoveAll(b) }, "/etc/link: in the image, not in the evidence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := container(t)
			baseDir, rootfs := filepath.Join(dir, step.BaseDir), filepath.Join(dir, step.RootfsDir)
			treetest.Make(t, baseDir, base...)
			treetest.Make(t, rootfs, image...)
			treetest.Share(t, baseDir, rootfs)
			treetest.Make(t, filepath.Join(dir, step.LedgerDir), "file 0644 /"+step.LedgerFile+" "+string(ledgerOver(t, baseDir, rootfs)))
			nextTick()
			c.edit(baseDir, rootfs)
			var stderr bytes.Buffer
			code := run([]string{"bind"}, tool{root: dir}, &stderr)
			got, _, _ := strings.Cut(stderr.String(), "\n")
			want := ""
			if c.want != "" {
				want = "sworn: bind statements to the image: " + c.want
			}
			if (code == 0) != (c.want == "") || got != want {
				t.Errorf("exit %d: %q, want %q", code, stderr.String(), want)
			}
		})
	}
}

// ledgerOver makes the ledger of a base and a step that made rootfs of it.
func ledgerOver(t *testing.T, base, rootfs string) []byte {
	t.Helper()
	var trees [2]*sbom.Tree
	for i, dir := range []string{base, rootfs} {
		tree, err := sbom.OpenTree(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tree.Close() })
		trees[i] = tree
	}
	es, err := sbom.Walk(trees[0])
	if err != nil {
		t.Fatal(err)
	}
	c, err := sbom.Compare(trees[0], trees[1])
	if err != nil {
		t.Fatal(err)
	}
	var l sbom.Ledger
	if err := errors.Join(l.Apply(sbom.Delta{Added: es}, "source1"), l.Apply(c.Delta, "step1")); err != nil {
		t.Fatal(err)
	}
	var had []step.Path
	for _, e := range es {
		had = append(had, e.Path)
	}
	b, err := encodeLedger(l.Held(), map[string]step.Source{"source1": {}}, "source1", had)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBindRefusesAnotherImage(t *testing.T) {
	entries := []string{"file 0644 /etc/motd hello", "link /etc/link motd", "dir 0755 /srv", "fifo 0600 /run/pipe"}
	for _, c := range []struct {
		name string
		edit func(string)
		want string // empty: bound
	}{
		{"the same", func(string) {}, ""},
		{"size", func(r string) { treetest.Make(t, r, "file 0644 /etc/motd hello world") }, "/etc/motd: size 11, evidence says 5"},
		{"mode", func(r string) { treetest.Make(t, r, "file 0755 /etc/motd hello") }, "/etc/motd: mode 0755, evidence says 0644"},
		{"time", func(r string) {
			if err := os.Chtimes(r+"/etc/motd", time.Unix(5, 0), time.Unix(5, 0)); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"bytes of the same size", func(r string) { treetest.Make(t, r, "file 0644 /etc/motd hallo") }, "/etc/motd: sha256 " + sum("hallo") + ", evidence says " + sum("hello")},
		{"a folder's time", func(r string) {
			if err := os.Chtimes(r+"/srv", time.Unix(5, 0), time.Unix(5, 0)); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"missing", func(r string) { os.Remove(r + "/etc/motd") }, "/etc/motd: in the evidence, not in the image"},
		{"one more, hostile", func(r string) { treetest.Make(t, r, `file 0644 "/zz\nsworn: fine" x`) }, `"/zz\nsworn: fine": in the image, not in the evidence`},
		{"type", func(r string) { os.Remove(r + "/srv"); treetest.Make(t, r, "link /srv etc") }, "/srv: type symlink, evidence says dir"},
		{"target", func(r string) { os.Remove(r + "/etc/link"); treetest.Make(t, r, "link /etc/link other") }, "/etc/link: target other, evidence says motd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := run([]string{"bind"}, tool{root: bound(t, entries, c.edit)}, &stderr)
			want := ""
			if c.want != "" {
				want = "sworn: bind statements to the image: " + c.want + "\n"
			}
			if (code == 0) != (c.want == "") || stderr.String() != want {
				t.Errorf("exit %d: %q, want %q", code, stderr.String(), want)
			}
		})
	}
}

// Bytes are read again unless they lie in the inode that was hashed.
func TestBindReadsWhatLiesInAnotherInode(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, "file 0644 /same x", "file 0644 /copied y", "file 0644 /touched z", "file 0644 /source s")
	tree, err := sbom.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	want, err := sbom.Walk(tree)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if want[i].Path == "/source" {
			want[i].SHA256 = ""
		}
	}
	nextTick()
	if err := errors.Join(os.Remove(dir+"/copied"), os.Chtimes(dir+"/touched", time.Unix(5, 0), time.Unix(5, 0))); err != nil {
		t.Fatal(err)
	}
	treetest.Make(t, dir, "file 0644 /new n", "file 0644 /copied y")
	found, _, err := sbom.Touched(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	b := binding{root: tree}
	if err := b.compare(found, want); err != nil {
		t.Fatal(err)
	}
	var paths []step.Path
	for _, e := range b.unproven {
		paths = append(paths, e.Path)
	}
	if diff := cmp.Diff([]step.Path{"/copied", "/touched"}, paths); diff != "" {
		t.Errorf("files to read again (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/new: in the image, not in the evidence"}, b.diffs); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

func TestBindRefusesAnotherOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can give files away")
	}
	var stderr bytes.Buffer
	dir := bound(t, []string{"file 0644 /a x"}, func(r string) {
		if err := os.Lchown(r+"/a", 1, 2); err != nil {
			t.Fatal(err)
		}
	})
	run([]string{"bind"}, tool{root: dir}, &stderr)
	if want := "sworn: bind statements to the image: /a: uid 1, evidence says 0\n"; stderr.String() != want {
		t.Errorf("got %q, want %q", stderr.String(), want)
	}
}

func TestBindOfAnEmptyImage(t *testing.T) {
	dir := bound(t, nil, func(r string) { os.RemoveAll(r) })
	must(t, dir, "bind")
}

func TestBindShowsTenDifferences(t *testing.T) {
	dir := bound(t, nil, func(r string) {
		for _, c := range "abcdefghijklm" {
			treetest.Make(t, r, "file 0644 /"+string(c)+" x")
		}
	})
	var stderr bytes.Buffer
	code := run([]string{"bind"}, tool{root: dir}, &stderr)
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if code != 1 || len(lines) != 11 || lines[10] != "sworn: bind statements to the image: and 3 more differences" {
		t.Errorf("exit %d: %q", code, lines)
	}
}

func TestBindRefusesBadLedgers(t *testing.T) {
	for ledger, want := range map[string]string{
		"{}": "decode ledger: unexpected EOF",
		`{"version":1,"entries":[],"removed":[]}`: "decode ledger: version 1, want 2",
		`{"version":2}`: "decode ledger: unexpected EOF",
		`{"version":2,"entries":null,"removed":[]}`:                "decode ledger: no entries or no removed paths",
		`{"version":2,"entries":[],"removed":null}`:                "decode ledger: no entries or no removed paths",
		`{"version":2,"entries":[],"removed":[],"more":"than it"}`: "decode ledger: ",
		`{"version":2,"entries":[],"removed":["/b","/a"]}`:         `decode ledger: removed "/a": not sorted or twice`,
		`{"version":2,"entries":[{"path":"/b","type":"dir","mode":"0755","uid":0,"gid":0},{"path":"/a","type":"dir","mode":"0755","uid":0,"gid":0}],"removed":[]}`: `decode ledger: "/a": not sorted or twice`,
	} {
		dir := container(t)
		treetest.Make(t, filepath.Join(dir, step.LedgerDir), "file 0644 /"+step.LedgerFile+" "+ledger)
		var stderr bytes.Buffer
		code := run([]string{"bind"}, tool{root: dir}, &stderr)
		if want := "sworn: bind statements to the image: " + want; code != 1 || !strings.HasPrefix(stderr.String(), want) {
			t.Errorf("exit %d: %q, want %q", code, stderr.String(), want)
		}
	}
}
