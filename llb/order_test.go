package llb

import (
	"testing"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

func TestByLineIsTopologicalAndFollowsTheDockerfile(t *testing.T) {
	eachDefinition(t, func(t *testing.T, def *pb.Definition) {
		g := decode(t, def)
		done := map[digest.Digest]bool{}
		for _, v := range g.ByLine() {
			for _, in := range v.Inputs() {
				if !done[in.Vertex] {
					t.Fatalf("%s comes before its input %s", v.Digest, in.Vertex)
				}
			}
			if done[v.Digest] {
				t.Fatalf("%s comes twice", v.Digest)
			}
			done[v.Digest] = true
		}
		if want := len(g.closure(g.Target())); len(done) != want {
			t.Errorf("%d vertices, want the %d of the target", len(done), want)
		}
	})
}

func TestByLineKeepsStagesTogether(t *testing.T) {
	for _, c := range dockerfiles() {
		if c.name != "multistage" {
			continue
		}
		g := decode(t, convert(t, c))
		last := 0
		for _, v := range g.ByLine() {
			if l := g.Lines(v); len(l) > 0 {
				if l[0].Start < last {
					t.Errorf("line %d after line %d", l[0].Start, last)
				}
				last = l[0].Start
			}
		}
		if last == 0 {
			t.Error("no lines")
		}
	}
}
