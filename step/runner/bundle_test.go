package runner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sworn-build/sworn/step"
)

// A step that reads the image's authorities has the image's as an input, not those that
// BuildKit adds for the time of the step.
func TestTheImagesBundleIsTheInput(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const own, added = "OWN\n", "\n# buildkit proxy CA begin\nPROXY\n# buildkit proxy CA end\n"
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	real := write("real", own+added+"REST\n")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	plain, open := write("plain", own), write("open", own+"\n# buildkit proxy CA begin\nPROXY\n")
	for _, files := range [][]string{nil, {filepath.Join(dir, "none")}, {dir}, {plain}, {open}} {
		if b := findBundle(files); b != nil {
			t.Errorf("%q: %+v", files, b)
		}
	}
	b := findBundle([]string{filepath.Join(dir, "none"), link})
	if b == nil {
		t.Fatal("no bundle is found through a link")
	}
	read := step.Input{Path: step.Path(real), Digest: digestOf(own + added + "REST\n"), Size: 65}
	other := step.Input{Path: step.Path(plain), Digest: read.Digest, Size: 65}
	changed := step.Input{Path: step.Path(real), Changed: true}
	got := []step.Input{read, other, changed}
	b.restore(got)
	read.Digest, read.Size = digestOf(own+"REST\n"), int64(len(own+"REST\n"))
	if d := cmp.Diff([]step.Input{read, other, changed}, got); d != "" {
		t.Errorf("inputs (-want +got):\n%s", d)
	}
	(*bundle)(nil).restore(got)
}
