package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sworn-build/sworn/sbom/treetest"
	"github.com/sworn-build/sworn/step"
)

// recipe is the shell text that docs/statements.md gives for the digest of the
// tree.
func recipe(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "statements.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(b), "\n    cd context && ")
	text, _, ok2 := strings.Cut(text, "| sha256sum\n")
	if !ok || !ok2 {
		t.Fatal("docs/statements.md has no recipe")
	}
	return text + "| sha256sum"
}

// TestTreeDigestIsTheDocumentedOne computes it with the commands of the docs.
func TestTreeDigestIsTheDocumentedOne(t *testing.T) {
	for _, tool := range []string{"sh", "find", "stat", "sha256sum", "sort", "readlink"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("skipped: %v", err)
		}
	}
	dir := container(t)
	src := filepath.Join(dir, step.SourceDir, "3")
	treetest.Make(t, src, "file 0644 /a.b/c x", "file 4750 /a/b hello", "link /a/l ../a.b", "dir 1777 /tmp", "file 0600 /a-b")
	must(t, dir, "digest")
	b, err := os.ReadFile(filepath.Join(dir, step.OutDir, "3.json"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := decodeEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", recipe(t))
	cmd.Dir = src
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want, _, _ := bytes.Cut(out, []byte(" "))
	if e.Tree.Digest["sha256"] != string(want) {
		t.Errorf("digest %s, the documented commands give %s", e.Tree.Digest["sha256"], want)
	}
	if e.Tree.Files != 3 || e.Tree.Bytes != 6 {
		t.Errorf("%d files, %d bytes; want 3, 6", e.Tree.Files, e.Tree.Bytes)
	}
}
