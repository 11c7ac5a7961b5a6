//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	gomtree "github.com/vbatts/go-mtree"

	"github.com/sworn-build/sworn/provenance/mtree"
)

// TestAnUnpackedImageIsAsItsMtreeSpecificationSays: an image of a distribution with a
// service, unpacked by tar, checked by gomtree and read by bsdtar.
func TestAnUnpackedImageIsAsItsMtreeSpecificationSays(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can unpack an image with its owners")
	}
	e := mustEnv(t)
	ref := imageName(e.registry, t, "latest")
	_, a := buildAccount(t, e, build{context: serviceContext(t, e), output: push(ref)})
	dir := t.TempDir()
	tar := exec.Command("tar", "-x", "-p", "--numeric-owner", "-C", dir)
	tar.Stdin = mutate.Extract(pull(t, ref))
	if out, err := tar.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var spec bytes.Buffer
	if err := mtree.Write(&spec, a.contents); err != nil {
		t.Fatal(err)
	}
	if diffs := mtreeDiffs(t, dir, spec.Bytes()); len(diffs) > 0 {
		t.Errorf("%d differences: %.20q", len(diffs), diffs)
	}
	passwd := filepath.Join(dir, "etc/passwd")
	if err := os.Chown(passwd, 1, 1); err != nil {
		t.Fatal(err)
	}
	if diffs := mtreeDiffs(t, dir, spec.Bytes()); strings.Join(diffs, "; ") != "modified etc/passwd" {
		t.Errorf("with another owner: %.20q", diffs)
	}
	bsdtar, err := exec.LookPath("bsdtar")
	if err != nil {
		t.Log("not read by bsdtar (Debian: libarchive-tools), which is not installed")
		return
	}
	list := exec.Command(bsdtar, "-t", "-f", "-")
	list.Stdin = bytes.NewReader(spec.Bytes())
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := bytes.Count(out, []byte("\n")), len(a.contents.Files)+1; got != want {
		t.Errorf("bsdtar lists %d entries, want %d", got, want)
	}
}

// mtreeDiffs are the paths at which gomtree finds a folder to differ from a specification.
func mtreeDiffs(t *testing.T, dir string, spec []byte) []string {
	t.Helper()
	h, err := gomtree.ParseSpec(io.Reader(bytes.NewReader(spec)))
	if err != nil {
		t.Fatal(err)
	}
	deltas, err := gomtree.Check(dir, h, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range deltas {
		for _, k := range d.Diff() {
			if k.Type() != gomtree.Extra { // what the specification does not mention
				out = append(out, string(d.Type())+" "+d.Path())
				break
			}
		}
		if d.Type() != gomtree.Modified {
			out = append(out, string(d.Type())+" "+d.Path())
		}
	}
	return out
}
