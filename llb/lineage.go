package llb

import (
	"slices"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"github.com/sworn-build/sworn/step"
)

// Kind returns the step kind (step.KindExec, ...) of a vertex, "source" for
// sources and "" for ops that this package does not know.
func (v *Vertex) Kind() string {
	switch v.Op.Op.(type) {
	case *pb.Op_Exec:
		return step.KindExec
	case *pb.Op_File:
		return step.KindFile
	case *pb.Op_Merge:
		return step.KindMerge
	case *pb.Op_Diff:
		return step.KindDiff
	case *pb.Op_Build, *pb.Op_Passthrough:
		return step.KindBuild
	case *pb.Op_Source:
		return KindSource
	}
	return ""
}

// KindSource is the Kind of a vertex that brings something in from outside.
const KindSource = "source"

// Parent returns the state that an edge was made from: an exec's mount before it
// ran, the base of a file op, a merge's lowest input. Sources, diffs and unknown ops
// start from scratch.
func (g *Graph) Parent(e Edge) Edge {
	v := g.vertices[e.Vertex]
	if v == nil {
		return Edge{}
	}
	switch op := v.Op.Op.(type) {
	case *pb.Op_Exec:
		for _, m := range op.Exec.Mounts {
			if m.Output == e.Output && makesState(m) {
				in, _ := v.input(m.Input)
				return in
			}
		}
	case *pb.Op_File:
		return fileParent(v, op.File, e.Output)
	case *pb.Op_Merge:
		if len(op.Merge.Inputs) > 0 {
			in, _ := v.input(op.Merge.Inputs[0].Input)
			return in
		}
	case *pb.Op_Passthrough:
		if e.Output < int64(len(op.Passthrough.Outputs)) {
			in, _ := v.input(op.Passthrough.Outputs[e.Output])
			return in
		}
	}
	return Edge{}
}

// makesState reports whether a mount's output index counts. Clients leave it zero for
// secrets and ssh sockets, which have no output.
func makesState(m *pb.Mount) bool {
	return m.MountType == pb.MountType_BIND || m.MountType == pb.MountType_CACHE
}

// fileParent follows a file op's actions from an output back to an input of the
// op. Action inputs below len(Inputs) are op inputs, the others earlier actions.
func fileParent(v *Vertex, op *pb.FileOp, output int64) Edge {
	at := -1
	for i, a := range op.Actions {
		if a.Output == output {
			at = i
		}
	}
	for at >= 0 {
		in := op.Actions[at].Input
		if in < int64(len(v.Op.Inputs)) {
			e, _ := v.input(in)
			return e
		}
		next := int(in) - len(v.Op.Inputs)
		if next >= at { // an action can only build on an earlier one
			return Edge{}
		}
		at = next
	}
	return Edge{}
}

// States returns the edges of g that the target is built from, each once, parents
// before children: every state that a vertex other than a source makes and another
// uses, and the target itself. Vertices that a pass added have none.
func (g *Graph) States() []Edge {
	if g.target.IsScratch() {
		return nil
	}
	used := map[digest.Digest][]int64{g.target.Vertex: {g.target.Output}}
	in := g.closure(g.target)
	for d := range in {
		for _, e := range g.vertices[d].Inputs() {
			used[e.Vertex] = append(used[e.Vertex], e.Output)
		}
	}
	var out []Edge
	for _, d := range g.order {
		if v := g.vertices[d]; !in[d] || v.Kind() == KindSource || v.Original == "" {
			continue
		}
		slices.Sort(used[d])
		for _, o := range slices.Compact(used[d]) {
			out = append(out, Edge{Vertex: d, Output: o})
		}
	}
	return out
}

// Tainted reports whether a state depends on a vertex that ignores the cache.
// BuildKit stores such results under their usual keys, so what is derived from them
// must ignore the cache as well, or it could be found from an earlier run.
func (g *Graph) Tainted(e Edge) bool {
	if g.tainted == nil {
		g.tainted = make(map[digest.Digest]bool, len(g.order))
		for _, d := range g.order {
			g.taint(g.vertices[d])
		}
	}
	return g.tainted[e.Vertex]
}

// taint notes whether a vertex ignores the cache or depends on one that does, all of
// which have been noted.
func (g *Graph) taint(v *Vertex) {
	is := v.Meta.IgnoreCache
	for _, in := range v.Op.Inputs {
		is = is || g.tainted[digest.Digest(in.Digest)]
	}
	g.tainted[v.Digest] = is
}
