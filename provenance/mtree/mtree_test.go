package mtree_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	gomtree "github.com/vbatts/go-mtree"
	"github.com/vbatts/go-mtree/pkg/govis"

	"github.com/sworn-build/sworn/provenance"
	"github.com/sworn-build/sworn/provenance/mtree"
	"github.com/sworn-build/sworn/sbom"
	"github.com/sworn-build/sworn/sbom/treetest"
)

// tree is a file system with what contents can hold, and its contents.
func tree(t *testing.T) (string, provenance.Contents) {
	t.Helper()
	dir := t.TempDir()
	entries := []string{
		"dir 0755 /etc", "file 0640 /etc/motd hello", "file 4755 /bin/su #!", "file 0644 /empty ", "file 0000 /closed c", "file 0007 /open o", "link /etc/link ../motd", "fifo 0600 /run/pipe",
		`file 0644 "/od\x01d/\xff\xfe\n\t new#line" x`, `link "/od\x01d/link" "to \\[é]\\"`, `dir 1777 "/od\x01d/ends in \\"`, `file 0644 "/od\x01d/*?[a]=\\101" y`,
	}
	treetest.Make(t, dir, entries...)
	root, err := sbom.OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	es, err := sbom.Walk(root)
	if err != nil {
		t.Fatal(err)
	}
	var c provenance.Contents
	for _, e := range es {
		c.Files = append(c.Files, provenance.File{
			Path: e.Path, Type: e.Type, Mode: e.Mode, UID: e.UID, GID: e.GID, Size: e.Size,
			Digest: provenance.NewSHA256(e.SHA256), Target: e.Target, Device: e.Device,
		})
	}
	return dir, c
}

func written(t *testing.T, c provenance.Contents) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := mtree.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// check has gomtree compare a folder with a specification.
func check(t *testing.T, dir string, spec []byte) []string {
	t.Helper()
	h, err := gomtree.ParseSpec(bytes.NewReader(spec))
	if err != nil {
		t.Fatal(err)
	}
	deltas, err := gomtree.Check(dir, h, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range deltas {
		// The command leaves out what the specification does not mention, too.
		mentioned := func(k gomtree.KeyDelta) bool { return k.Type() != gomtree.Extra }
		if d.Type() != gomtree.Modified || slices.ContainsFunc(d.Diff(), mentioned) {
			out = append(out, string(d.Type())+" "+d.Path())
		}
	}
	slices.Sort(out)
	return out
}

func TestGomtreeFindsTheTreeAsSpecified(t *testing.T) {
	dir, c := tree(t)
	spec := written(t, c)
	if diffs := check(t, dir, spec); len(diffs) > 0 {
		t.Errorf("%q\n%s", diffs, spec)
	}
	for _, change := range []struct {
		name string
		do   func() error
		want string
	}{
		{"bytes", func() error { return os.WriteFile(filepath.Join(dir, "etc/motd"), []byte("hullo"), 0) }, "modified etc/motd"},
		{"mode", func() error { return os.Chmod(filepath.Join(dir, "bin/su"), 0o755) }, "modified bin/su"},
		{"another file", func() error { return os.WriteFile(filepath.Join(dir, "new"), nil, 0o644) }, "extra new"},
		{"a file less", func() error { return os.Remove(filepath.Join(dir, "od\x01d/\xff\xfe\n\t new#line")) }, "missing od\x01d/\xff\xfe\n\t new#line"},
		{"a link", func() error {
			p := filepath.Join(dir, "od\x01d/link")
			return errors.Join(os.Remove(p), os.Symlink("elsewhere", p))
		}, "modified od\x01d/link"},
	} {
		if err := change.do(); err != nil {
			t.Fatal(err)
		}
		if got := check(t, dir, spec); !slices.Contains(got, change.want) {
			t.Errorf("%s: got %q, want %q among them", change.name, got, change.want)
		}
	}
}

// TestBsdtarReadsTheSpecification compares what bsdtar makes of the specification with the
// contents: an archive of the tree, with the entries that it names.
func TestBsdtarReadsTheSpecification(t *testing.T) {
	bsdtar, err := exec.LookPath("bsdtar")
	if err != nil {
		t.Skip("skipped: bsdtar (Debian: libarchive-tools) is not installed")
	}
	_, c := tree(t)
	c.Files = append(c.Files, provenance.File{Path: "/zz", Type: provenance.TypeChar, Mode: "0666", Device: "1:3"})
	cmd := exec.Command(bsdtar, "-cf", "-", "--format", "mtree", "--options", "mtree:!all,mtree:type,mtree:mode,mtree:uid,mtree:gid,mtree:size,mtree:link,mtree:device", "@-")
	cmd.Stdin = bytes.NewReader(written(t, c))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.String() != "" {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	again, err := gomtree.ParseSpec(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, f := range c.Files {
		want = append(want, strings.TrimSuffix(strings.Join([]string{string(f.Path), f.Type, strings.TrimLeft(f.Mode, "0"), string(f.Target)}, " "), " "))
	}
	types := map[string]string{"link": "symlink"}
	for _, e := range again.Entries {
		if e.Type != gomtree.RelativeType && e.Type != gomtree.FullType {
			continue
		}
		p, err := e.Path()
		if err != nil {
			t.Fatal(err)
		}
		has := map[string]string{}
		for _, kv := range e.AllKeys() {
			has[string(kv.Keyword())] = kv.Value()
		}
		if p == "." {
			continue
		}
		kind := has["type"]
		if is, ok := types[kind]; ok {
			kind = is
		}
		target, err := govis.Unvis(has["link"], gomtree.DefaultVisFlags)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSuffix(strings.Join([]string{"/" + p, kind, strings.TrimLeft(has["mode"], "0"), target}, " "), " "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-contents +bsdtar):\n%s\n%s", diff, out)
	}
}

func TestWriteRefuses(t *testing.T) {
	for _, f := range []provenance.File{{Path: "/a", Type: "door"}, {Path: "/a", Type: provenance.TypeChar, Device: "1"}} {
		if err := mtree.Write(io.Discard, provenance.Contents{Files: []provenance.File{f}}); err == nil || !strings.HasPrefix(err.Error(), `write mtree specification: "/a": `) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if err := mtree.Write(full{}, provenance.Contents{}); err == nil || err.Error() != "write mtree specification: no space" {
		t.Errorf("got %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }
