package llb

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of this package")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update to write it)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, d)
	}
}

func TestGoldenGraphsOfDockerfiles(t *testing.T) {
	tools := testTools(t)
	for _, c := range dockerfiles() {
		t.Run(c.name, func(t *testing.T) {
			g := decode(t, convert(t, c))
			golden(t, filepath.Join("testdata", c.name, "decoded.txt"), newPrinter(g).String())
			b := passes(t, g, tools, nil)
			p := newPrinter(b.bound)
			text := p.String() + layoutText(p, b)
			text += "statements " + p.edge(b.out) + "\ncheck " + p.edge(b.check) + "\n"
			golden(t, filepath.Join("testdata", c.name, "bound.txt"), text)
		})
	}
}

func TestGoldensCoverEveryDockerfile(t *testing.T) {
	files, err := filepath.Glob("testdata/*/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(dockerfiles()) {
		t.Errorf("testdata has %d Dockerfiles, the table %d", len(files), len(dockerfiles()))
	}
}
