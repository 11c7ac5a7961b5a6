package llb

import (
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/sworn-build/sworn/step"
)

// Mapping leads from the digests before a pass to those after it. It holds every
// vertex of the graph before.
type Mapping map[digest.Digest]digest.Digest

// Edge maps an edge.
func (m Mapping) Edge(e Edge) Edge {
	if e.IsScratch() {
		return e
	}
	return Edge{Vertex: m[e.Vertex], Output: e.Output}
}

// change is what a pass wants of one vertex. Op is a clone that may be edited,
// inputs already point into the new graph.
type change struct {
	g    *Graph // the graph being built: add vertices here
	v    *Vertex
	op   *pb.Op
	meta *pb.OpMetadata
	// runner is the Runner of the changed vertex.
	runner *step.Config
}

// rewrite runs fn on a copy of every vertex, inputs first. fn reports whether it
// changed the vertex; a vertex that it leaves alone and whose inputs did not change
// keeps its bytes.
func (g *Graph) rewrite(fn func(*change) (bool, error)) (*Graph, Mapping, error) {
	n := &Graph{vertices: make(map[digest.Digest]*Vertex, len(g.vertices)), terminal: g.terminal, infos: g.infos}
	m := make(Mapping, len(g.vertices))
	for old := range g.Vertices() {
		moved := false
		for _, in := range old.Op.Inputs {
			if m[digest.Digest(in.Digest)] != digest.Digest(in.Digest) {
				moved = true
			}
		}
		c := &change{g: n, v: old, op: old.Op.CloneVT(), meta: old.Meta.CloneVT()}
		for _, in := range c.op.Inputs {
			in.Digest = string(m[digest.Digest(in.Digest)])
		}
		changed, err := fn(c)
		if err != nil {
			return nil, nil, err
		}
		if !moved && !changed {
			n.add(old)
			m[old.Digest] = old.Digest
			continue
		}
		v := *old
		if v.raw, err = marshalOp(c.op); err != nil {
			return nil, nil, err
		}
		v.Digest, v.Op = digest.FromBytes(v.raw), c.op
		if changed {
			v.Meta = c.meta
			v.Runner, v.mark = c.runner, ""
		}
		n.add(&v)
		m[old.Digest] = v.Digest
	}
	n.target = m.Edge(g.target)
	return n, m, nil
}

// merge copies the vertices of another graph into g and returns that graph's
// target. Their source locations are dropped: they belong to other files. They count
// as added: the user did not ask for them.
func (g *Graph) merge(other *Graph) Edge {
	for v := range other.Vertices() {
		c := *v
		c.Original, c.Locations = "", nil
		g.add(&c)
	}
	return other.target
}

// newVertex marshals an op that a pass made and adds it.
func (g *Graph) newVertex(op *pb.Op, meta *pb.OpMetadata) (digest.Digest, error) {
	raw, err := marshalOp(op)
	if err != nil {
		return "", err
	}
	v := &Vertex{Digest: digest.FromBytes(raw), Op: op, Meta: meta, raw: raw}
	g.add(v)
	return v.Digest, nil
}
