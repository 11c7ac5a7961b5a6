package llb

import (
	"iter"
	"slices"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"github.com/sworn-build/sworn/step"
)

// Edge names one output of a vertex: the state that a step makes. The zero Edge is
// scratch, the empty file system.
type Edge struct {
	Vertex digest.Digest
	Output int64
}

// IsScratch reports whether the edge is the empty file system.
func (e Edge) IsScratch() bool { return e.Vertex == "" }

// Vertex is one op of a graph. It is shared between graphs: never change what it
// points to.
type Vertex struct {
	// Digest of the marshalled op; it names the vertex in its graph.
	Digest digest.Digest
	// Original is the digest that the vertex had when it was decoded: its identity
	// through all passes. Empty for vertices that a pass added.
	Original digest.Digest
	Op       *pb.Op
	// Meta is never nil.
	Meta *pb.OpMetadata
	// Locations are ranges of source files; SourceIndex counts the graph's infos.
	Locations []*pb.Location
	// Runner is set by [Harden] on the execs that are to run under Sworn's runner, by
	// [Unrecord] on those of other builds that did, and used up by [Record].
	Runner *step.Config
	// Profile is how an exec of this build is to run; set by [Harden].
	Profile *step.Profile
	// Refused says why an exec does not run under the runner; set by [Harden].
	Refused string

	mark string // of an exec that has one; set by [Harden], used up by [Record]
	raw  []byte
}

// Inputs returns the vertex's input edges in the op's order.
func (v *Vertex) Inputs() []Edge {
	in := make([]Edge, len(v.Op.Inputs))
	for i, p := range v.Op.Inputs {
		in[i] = Edge{Vertex: digest.Digest(p.Digest), Output: p.Index}
	}
	return in
}

// input returns input i as an edge; scratch when i is pb.Empty.
func (v *Vertex) input(i int64) (Edge, bool) {
	if i == int64(pb.Empty) {
		return Edge{}, true
	}
	if i < 0 || i >= int64(len(v.Op.Inputs)) {
		return Edge{}, false
	}
	p := v.Op.Inputs[i]
	return Edge{Vertex: digest.Digest(p.Digest), Output: p.Index}, true
}

// Name is what the vertex is called in the build's progress; empty when nobody
// named it.
func (v *Vertex) Name() string { return v.Meta.Description[customName] }

// customName is the key of a vertex's name in its description
// (client/llb.WithCustomName).
const customName = "llb.customname"

// Graph is a definition, decoded. It is immutable to its users, of whom there is one at
// a time.
type Graph struct {
	vertices map[digest.Digest]*Vertex
	order    []digest.Digest // inputs before users
	target   Edge
	terminal *pb.OpMetadata // of the definition's last op
	infos    []*pb.SourceInfo

	tainted map[digest.Digest]bool // of [Graph.Tainted], made when first asked for
}

// Target is the state that the definition asks for.
func (g *Graph) Target() Edge { return g.target }

// Vertex returns a vertex by its digest, nil when the graph has none such.
func (g *Graph) Vertex(d digest.Digest) *Vertex { return g.vertices[d] }

// Vertices yields all vertices, inputs before their users, in an order that
// depends on the definition alone.
func (g *Graph) Vertices() iter.Seq[*Vertex] {
	return func(yield func(*Vertex) bool) {
		for _, d := range g.order {
			if !yield(g.vertices[d]) {
				return
			}
		}
	}
}

// Len is the number of vertices.
func (g *Graph) Len() int { return len(g.order) }

// Lines returns the Dockerfile lines of a vertex, sorted and unique: the ranges of
// its first source file.
func (g *Graph) Lines(v *Vertex) []step.Lines {
	var out []step.Lines
	for _, loc := range v.Locations {
		if loc.SourceIndex != v.Locations[0].SourceIndex {
			continue
		}
		for _, r := range loc.Ranges {
			if r.GetStart() == nil || r.GetEnd() == nil {
				continue
			}
			out = append(out, step.Lines{Start: int(r.Start.Line), End: int(r.End.Line)})
		}
	}
	slices.SortFunc(out, func(a, b step.Lines) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End
	})
	return slices.Compact(out)
}

// closure returns the vertices that e depends on, e's own included.
func (g *Graph) closure(e Edge) map[digest.Digest]bool {
	seen := map[digest.Digest]bool{}
	if e.IsScratch() {
		return seen
	}
	stack := []digest.Digest{e.Vertex}
	for len(stack) > 0 {
		d := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[d] {
			continue
		}
		seen[d] = true
		for _, in := range g.vertices[d].Inputs() {
			stack = append(stack, in.Vertex)
		}
	}
	return seen
}

// clone returns a graph that shares vertices with g and can be appended to.
func (g *Graph) clone() *Graph {
	n := &Graph{
		vertices: make(map[digest.Digest]*Vertex, len(g.vertices)),
		order:    slices.Clone(g.order),
		target:   g.target,
		terminal: g.terminal,
		infos:    g.infos,
	}
	for d, v := range g.vertices {
		n.vertices[d] = v
	}
	return n
}

// add appends a vertex unless the graph has the same op already. A vertex of the user
// takes the place of one that a pass added: it has the name and the source lines.
func (g *Graph) add(v *Vertex) {
	if have, ok := g.vertices[v.Digest]; ok {
		if have.Original == "" && v.Original != "" {
			g.vertices[v.Digest] = v
		}
		return
	}
	g.vertices[v.Digest] = v
	g.order = append(g.order, v.Digest)
	if g.tainted != nil {
		g.taint(v)
	}
}
