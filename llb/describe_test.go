package llb

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/solver/pb"

	"github.com/sworn-build/sworn/step"
)

func TestSegmentsHoldEveryStateOnce(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		want := map[Edge]bool{}
		seen := map[Edge]bool{}
		for _, s := range b.hardened.States() {
			if seen[s] {
				t.Errorf("state %v twice", s)
			}
			seen[s] = true
			if p := b.hardened.Parent(s); !p.IsScratch() && b.hardened.Vertex(p.Vertex).Kind() != KindSource && !seen[p] {
				t.Errorf("state %v comes before its parent", s)
			}
			want[b.moved.Edge(s)] = true
		}
		locals := 0
		for v := range b.hardened.Vertices() {
			if scheme, _ := v.Scheme(); scheme == schemeLocal {
				want[Edge{Vertex: b.moved[v.Digest]}] = true
				locals++
			}
		}
		base := b.recorded.BaseOf(b.recorded.Target())
		if !base.IsScratch() {
			want[base] = true
		}
		items := map[step.Place]Edge{}
		for e, pl := range b.layout.Places {
			if !want[e] {
				t.Errorf("%v has a place and should not", e)
			}
			delete(want, e)
			if other, ok := items[pl]; ok {
				t.Errorf("%v and %v share place %v", e, other, pl)
			}
			items[pl] = e
			if pl.Segment >= len(b.layout.Evidence) || pl.Item < 1 {
				t.Errorf("place %v is nowhere", pl)
			}
			if pl.Item > step.MaxSegment && locals <= step.MaxSegment {
				t.Errorf("place %v: more items than %d", pl, step.MaxSegment)
			}
		}
		for e := range want {
			t.Errorf("%v has no place", e)
		}
	})
}

func TestIgnoredCacheReachesTheEvidence(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		for v := range b.bound.Vertices() {
			if v.Original != "" || v.Op.GetSource() != nil {
				continue
			}
			want := false
			for _, in := range v.Inputs() {
				for d := range b.bound.closure(in) {
					want = want || b.bound.Vertex(d).Meta.IgnoreCache
				}
			}
			verb, _ := v.Evidence()
			if want = want || verb == "bind"; v.Meta.IgnoreCache != want {
				t.Errorf("%q ignores the cache: %v, want %v", v.Name(), v.Meta.IgnoreCache, want)
			}
		}
	})
}

func TestToolsAreTheVertexThatTheyWere(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, tools Tools) {
		want := tools.Def.Target()
		users := 0
		for v := range b.bound.Vertices() {
			for _, in := range v.Inputs() {
				if in == want {
					users++
				}
			}
		}
		if b.bound.Vertex(want.Vertex) == nil || users != len(b.records)+len(b.layout.Evidence)+2 {
			t.Errorf("the tools' vertex %s has %d users, want %d", want.Vertex, users, len(b.records)+len(b.layout.Evidence)+2)
		}
	})
}

// TestRootAndRecordAreOfOneOp: outputs of different vertices could be of different
// runs of a step.
func TestRootAndRecordAreOfOneOp(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		n := 0
		for v := range b.hardened.Vertices() {
			if v.Runner == nil {
				continue
			}
			n++
			d := b.moved[v.Digest]
			rec, ok := b.records[d]
			if !ok || rec.Vertex != d {
				t.Errorf("the record of %q is %v", v.Name(), rec)
			}
			for _, m := range v.Op.GetExec().Mounts {
				if m.Output == rec.Output && makesState(m) {
					t.Errorf("%q: output %d is the record and %s", v.Name(), m.Output, m.Dest)
				}
			}
		}
		if n != len(b.records) {
			t.Errorf("%d records of %d execs", len(b.records), n)
		}
	})
}

func TestDescribeContainersKnowTheirStates(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		want := map[step.Place]Edge{}
		for e, pl := range b.layout.Places {
			if scheme, _ := b.bound.Vertex(e.Vertex).Scheme(); scheme != schemeLocal {
				want[pl] = e
			}
		}
		got := map[step.Place]Edge{}
		for i, out := range b.layout.Evidence {
			for k, e := range b.bound.Vertex(out.Vertex).Describes() {
				got[step.Place{Segment: i, Item: k + 1}] = e
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("states (-want +got):\n%s", d)
		}
		for v := range b.hardened.Vertices() {
			if d := v.Describes(); d != nil {
				t.Errorf("%s of the user describes %v", v.Name(), d)
			}
		}
	})
}

// TestEvidenceLeavesOneState: a container of ours writes what the evidence is and no
// state beside it, and the check, which runs in every build, writes none at all.
// BuildKit keeps a state for every output of an exec until it collects garbage, asked
// for or not; the output of a read-only mount is its input.
func TestEvidenceLeavesOneState(t *testing.T) {
	eachBuild(t, func(t *testing.T, b *built, _ Tools) {
		for v := range b.bound.Vertices() {
			verb, ok := v.Evidence()
			if !ok {
				continue
			}
			outputs, made := 0, 0
			for _, m := range v.Op.GetExec().Mounts {
				if m.Output == int64(pb.SkipOutput) {
					continue
				}
				outputs++
				if !m.Readonly {
					made++
				}
			}
			want := 1
			if verb == "bind" {
				want = 0
			}
			if outputs != 1 || made != want {
				t.Errorf("%q: %d outputs, %d of them new; want 1, %d", v.Name(), outputs, made, want)
			}
		}
	})
}

// TestManyRunsShareContainers: up to maxDescribers each RUN is described by itself, and
// so are the last ones of a longer build.
func TestManyRunsShareContainers(t *testing.T) {
	for n, want := range map[int]int{1: 1, 10: 10, maxDescribers: maxDescribers, 33: 21, 50: 29, 200: 32, 1000: 50} {
		b := passes(t, decode(t, runs(t, n)), testTools(t), nil)
		if got := len(b.layout.Evidence) - 1; got != want { // the base is one more
			t.Errorf("%d RUNs are described by %d containers, want %d", n, got, want)
		}
		if got := len(b.layout.Places) - 1; got != n {
			t.Errorf("%d of %d RUNs are described", got, n)
		}
		for _, e := range b.layout.Evidence[max(len(b.layout.Evidence)-aloneDescribed, 1):] {
			if got := len(b.bound.Vertex(e.Vertex).Describes()); got != 1 {
				t.Errorf("%d RUNs: one of the last %d shares its container with %d others", n, aloneDescribed, got-1)
			}
		}
	}
}
