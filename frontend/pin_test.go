package frontend

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/errdefs"

	graph "github.com/sworn-build/sworn/llb"
)

// BuildKit 0.33.1 ends with a nil dereference when a build asks twice for a git
// reference that the remote does not have.
func TestGitSourceThatDoesNotResolveIsNotAskedForAgain(t *testing.T) {
	f := newGateway(t, "FROM scratch\nADD https://git.test/r.git#nosuch:a /a\nADD https://git.test/r.git#nosuch:b /b\n",
		map[string]string{"platform": "linux/amd64,linux/arm64"})
	f.unresolved = []string{"git://git.test/r.git#nosuch:a", "git://git.test/r.git#nosuch:b"}
	_, err := (Frontend{}).Build(t.Context(), f)
	if err == nil || !strings.Contains(err.Error(), "pin git+https://git.test/r.git#nosuch:") {
		t.Fatalf("%v, want an error that names the source", err)
	}
	var at *errdefs.SourceError
	if !errors.As(err, &at) || len(at.Ranges) != 1 || !slices.Contains([]int32{2, 3}, at.Ranges[0].Start.Line) {
		t.Errorf("%v, want the line of an ADD", at)
	}
	if d := cmp.Diff(1, len(f.asked)); d != "" {
		t.Errorf("sources asked for (-want +got):\n%s", d)
	}
	for _, req := range f.solved {
		g, err := graph.Decode(req.Definition)
		if err != nil {
			t.Fatal(err)
		}
		for v := range g.Vertices() {
			if scheme, _ := v.Scheme(); scheme == "git" {
				t.Errorf("%s was built", v.Name())
			}
		}
	}
}
