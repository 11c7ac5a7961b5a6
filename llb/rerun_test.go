package llb

import (
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/solver/pb"
)

// A step that runs again takes with it all that is made of it and nothing else, and
// its digest, by which the cache finds it, stays.
func TestRerunMarksTheStepAndWhatIsMadeOfIt(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		for state := range slices.Values(b.recorded.States()) {
			maker := b.bound.Vertex(state.Vertex)
			n, moved, execs, err := b.bound.Rerun([]Edge{state}, 2, "lost")
			if err != nil {
				t.Fatal(err)
			}
			users := map[string]bool{}
			if maker.Op.GetExec() != nil {
				users[string(maker.Digest)] = true
			}
			for v := range b.bound.Vertices() {
				for _, in := range v.Inputs() {
					users[string(v.Digest)] = users[string(v.Digest)] || users[string(in.Vertex)]
				}
				now := n.Vertex(moved[v.Digest])
				if want := users[string(v.Digest)] || v.Meta.IgnoreCache; now.Meta.IgnoreCache != want {
					t.Errorf("%s: ignores the cache: %v, want %v", v.Name(), now.Meta.IgnoreCache, want)
				}
				if v.Original != "" && now.Digest != v.Digest {
					t.Errorf("%s: another digest", v.Name())
				}
			}
			for _, v := range execs {
				if !users[string(v.Digest)] || v.Original == "" {
					t.Errorf("%s runs again", v.Name())
				}
			}
			if got := n.DependsOn(b.check, nil); got {
				t.Error("something depends on nothing")
			}
		}
	})
}

// BuildKit gives the answer of an op that ran without the cache again, so evidence that
// was refreshed becomes another op.
func TestRerunAfterRefreshMakesOtherEvidence(t *testing.T) {
	tools := testTools(t)
	g := execGraph(t, execOp(&pb.ExecOp{Meta: &pb.Meta{Args: []string{"make"}, Cwd: "/"}}), &pb.OpMetadata{Description: map[string]string{customName: "RUN make"}})
	b := passes(t, g, tools, nil)
	for _, refreshed := range []bool{false, true} {
		before := b.bound
		if refreshed {
			before = before.Refresh()
		}
		n, moved, _, err := before.Rerun([]Edge{b.recorded.Target()}, 2, "lost")
		if err != nil {
			t.Fatal(err)
		}
		if changed := moved.Edge(b.out) != b.out; changed != refreshed {
			t.Errorf("refreshed %v: the statements are another op: %v", refreshed, changed)
		}
		group := n.Vertex(moved[b.out.Vertex]).Meta.ProgressGroup.GetName()
		if !strings.Contains(group, "RUN make") {
			t.Errorf("the progress does not name the step: %q", group)
		}
	}
}
