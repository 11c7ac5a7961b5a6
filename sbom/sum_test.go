package sbom_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

func sumOf(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// summed is dpkg's database of packages whose files have sums: one with a configuration
// file, files that the system leaves out, a diverted file, and a file that the other took
// over.
func summed() []string {
	return []string{
		"dir 0755 /usr/bin", "link /bin usr/bin",
		"file 0644 /var/lib/dpkg/status Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n" +
			" /etc/a.conf " + sumOf("conf") + "\n /etc/old.conf " + sumOf("x") + " obsolete\n /etc/new.conf newconffile\n\n" +
			"Package: b\nStatus: install ok installed\nVersion: 1\nOriginal-Maintainer: B <b@example.org>\n",
		"file 0644 /var/lib/dpkg/diversions /bin/tool\n/bin/tool.a\nb\n",
		"file 0644 /var/lib/dpkg/info/a.list /.\n/bin/tool\n/etc/a.conf\n/etc/old.conf\n/etc/new.conf\n/usr/lib/a.so\n/usr/share/doc/a/manual\n/usr/share/doc/a/copyright\n",
		fmt.Sprintf("file 0644 /var/lib/dpkg/info/a.md5sums %s  bin/tool\n%s  usr/lib/a.so\n%s  usr/share/doc/a/manual\n%s  usr/share/doc/a/copyright\n%s  usr/share/taken\n",
			sumOf("a's tool"), sumOf("lib"), sumOf("manual"), sumOf("copyright"), sumOf("a's")),
		"file 0644 /var/lib/dpkg/info/b.list /bin/tool\n/usr/share/taken\n",
		fmt.Sprintf("file 0644 /var/lib/dpkg/info/b.md5sums %s  bin/tool\n%s  usr/share/taken\n", sumOf("b's tool"), sumOf("b's")),
		"file 0644 /etc/dpkg/dpkg.cfg no-debsig\npath-include=/usr/share/doc/*/copyright\n",
		"file 0644 /etc/dpkg/dpkg.cfg.d/slim path-exclude /usr/share/doc/*\n",
		"file 0644 /etc/dpkg/dpkg.cfg.d/not.read path-exclude=/usr/*\n",
		"file 0755 /usr/bin/tool b's tool", "file 0755 /usr/bin/tool.a a's tool",
		"file 0644 /etc/a.conf conf", "file 0644 /etc/old.conf mine", "file 0644 /usr/lib/a.so lib",
		"file 0644 /usr/share/doc/a/copyright copyright", "file 0644 /usr/share/taken b's",
	}
}

// unlike is what [sbom.Inventory.Unlike] says of a tree.
func unlike(t *testing.T, dir string) map[string][]step.Path {
	t.Helper()
	tree := open(t, dir)
	c, err := sbom.Compare(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := sbom.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := sbom.MD5s(tree, &sbom.Inventory{}, &inv, c)
	if err != nil {
		t.Fatal(err)
	}
	known := map[step.Path]string{}
	for _, s := range sums {
		known[s.Path] = s.MD5
	}
	var l sbom.Ledger
	if err := l.Apply(c.Delta, "base"); err != nil {
		t.Fatal(err)
	}
	return inv.Unlike(l.Held(), known)
}

func TestFilesAreComparedWithTheirPackages(t *testing.T) {
	const a, b = "pkg:deb/debian/a@1", "pkg:deb/debian/b@1"
	for _, c := range []struct {
		name  string
		edits []string
		want  map[string][]step.Path
	}{
		{"as installed", nil, map[string][]step.Path{}},
		{"other bytes", []string{"file 0755 /usr/bin/tool evil", "file 0644 /usr/lib/a.so evil"}, map[string][]step.Path{a: {"/usr/lib/a.so"}, b: {"/usr/bin/tool"}}},
		{"the diverted file", []string{"file 0755 /usr/bin/tool.a evil"}, map[string][]step.Path{a: {"/usr/bin/tool.a"}}},
		{"a configuration file", []string{"file 0644 /etc/a.conf mine"}, map[string][]step.Path{a: {"/etc/a.conf"}}},
		{"one that is obsolete", []string{"file 0644 /etc/old.conf mine again"}, map[string][]step.Path{}},
		{"missing", []string{"rm /usr/lib/a.so", "rm /usr/share/doc/a/copyright"}, map[string][]step.Path{a: {"/usr/lib/a.so", "/usr/share/doc/a/copyright"}}},
		{"left out, but other bytes", []string{"file 0644 /usr/share/doc/a/manual evil"}, map[string][]step.Path{a: {"/usr/share/doc/a/manual"}}},
		{"a symlink in its place", []string{"link /usr/lib/a.so /tmp/evil"}, map[string][]step.Path{a: {"/usr/lib/a.so"}}},
		{"a folder in its place", []string{"rm /usr/lib/a.so", "dir 0755 /usr/lib/a.so"}, map[string][]step.Path{a: {"/usr/lib/a.so"}}},
		{"a file that the other took over", []string{"file 0644 /usr/share/taken a's"}, map[string][]step.Path{b: {"/usr/share/taken"}}},
	} {
		dir := filepath.Join(t.TempDir(), "root")
		treetest.Make(t, dir, edited(summed(), c.edits)...)
		if diff := cmp.Diff(c.want, unlike(t, dir)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestFilesAreReadOnceForTheirSums(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, summed()...)
	tree := open(t, dir)
	inv, err := sbom.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	apart, err := sbom.Compare(nil, tree)
	if err != nil {
		t.Fatal(err)
	}
	want, err := sbom.MD5s(tree, &sbom.Inventory{}, &inv, apart)
	if err != nil {
		t.Fatal(err)
	}
	once, err := sbom.CompareSums(nil, tree, &inv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(apart.Delta, once.Delta); diff != "" || len(want) == 0 {
		t.Errorf("%d sums, delta (-want +got):\n%s", len(want), diff)
	}
	// From the empty tree nothing can be read any more.
	for name, c := range map[string]struct {
		of   sbom.Comparison
		want []sbom.FileMD5
	}{"apart": {apart, nil}, "once": {once, want}} {
		got, err := sbom.MD5s(nil, &sbom.Inventory{}, &inv, c.of)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRewrittenFilesAreNotTheVeryOnes(t *testing.T) {
	dir := t.TempDir()
	was, now := filepath.Join(dir, "was"), filepath.Join(dir, "now")
	files := []string{"file 0644 /same x", "file 0644 /changed x", "file 0644 /gone x", "dir 0755 /folder"}
	treetest.Make(t, was, files...)
	treetest.Make(t, now, "file 0644 /same x", "file 0644 /changed y", "file 0644 /new x", "file 0644 /folder/new x")
	treetest.Share(t, was, now)
	for p, want := range map[string]bool{"/same": false, "/changed": true, "/gone": false, "/new": true, "/folder": false, "/none": false} {
		if got := sbom.Rewritten(open(t, was), open(t, now), []string{p}); got != want {
			t.Errorf("%s: %t", p, got)
		}
	}
	if !sbom.Rewritten(nil, open(t, now), []string{"/none", "/same"}) {
		t.Error("a file of the first state is not")
	}
}

func TestApkFilesAreComparedWithTheirPackages(t *testing.T) {
	// The sums of "hello" and, of the symlink, of its target "musl".
	db := "file 0644 /lib/apk/db/installed P:musl\nV:1\nF:lib\nR:musl\nZ:Q1qvTGHdzF6KLavt4PO0gs2a6pQ00=\nR:link\nZ:Q1pnXmBGfnIwxlVu3MG+SMeJRp9aM=\nR:none\n\n"
	for _, c := range []struct {
		name  string
		edits []string
		want  []step.Path
	}{
		{"as installed", nil, nil},
		{"other bytes and another target", []string{"file 0755 /lib/musl evil", "link /lib/link evil"}, []step.Path{"/lib/link", "/lib/musl"}},
		{"missing", []string{"rm /lib/musl"}, []step.Path{"/lib/musl"}},
	} {
		dir := filepath.Join(t.TempDir(), "root")
		treetest.Make(t, dir, edited([]string{db, "file 0755 /lib/musl hello", "link /lib/link musl", "file 0644 /lib/none x"}, c.edits)...)
		if diff := cmp.Diff(c.want, unlike(t, dir)["pkg:apk/alpine/musl@1"]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestOriginatorIsWhomAPackageCameFrom(t *testing.T) {
	dir := t.TempDir()
	treetest.Make(t, dir, summed()...)
	inv, err := sbom.Load(open(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := find(t, inv, "b").Originator; got != "B <b@example.org>" {
		t.Errorf("originator %q", got)
	}
}

// A database cannot make the tool read or name what lies elsewhere.
func TestALyingDatabaseOwnsNothingOutside(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "root")
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'x'
	}
	treetest.Make(t, dir,
		"file 0644 /var/lib/dpkg/status Package: ../../etc/passwd\nStatus: install ok installed\nVersion: 1\nMaintainer: "+string(long)+"\n\n"+
			"Package: a\nStatus: install ok installed\nVersion: 1\nConffiles:\n /../../../etc/shadow "+sumOf("")+"\n",
		"file 0644 /var/lib/dpkg/info/a.list /../../outside\n/usr/../outside\n/loop/x\n\xff\xfe\n/fifo\nrelative\n/"+string(long)+"\n",
		"file 0644 /var/lib/dpkg/info/a.md5sums "+sumOf("")+"  ../../outside\n"+sumOf("")+"  loop/x\n"+sumOf("")+"  fifo\nnot a sum\n",
		"link /loop loop", "fifo 0600 /fifo", "link /outside /../../../etc/passwd",
	)
	want := []step.Path{"/fifo", "/loop/x"}
	if diff := cmp.Diff(want, unlike(t, dir)["pkg:deb/debian/a@1"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// edited are entries with others in their places; "rm /path" takes one away.
func edited(entries, edits []string) []string {
	out := entries
	for _, e := range edits {
		var kept []string
		for _, old := range out {
			if treetest.PathOf(old) != treetest.PathOf(e) {
				kept = append(kept, old)
			}
		}
		if out = kept; e[:3] != "rm " {
			out = append(out, e)
		}
	}
	return out
}

// BenchmarkMD5s reads the files of the machine's own packages.
func BenchmarkMD5s(b *testing.B) {
	tree := open(b, "/")
	inv, err := sbom.Load(tree)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		sums, err := sbom.MD5s(tree, &sbom.Inventory{}, &inv, sbom.Comparison{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(sums)), "files")
	}
}
