package llb

import (
	"github.com/sworn-build/sworn/step"
)

// segment is a run of states, each the parent of the next, that one container
// describes: file operations and the execs after them.
type segment struct {
	base   Edge
	states []Edge
	room   int // for so many execs more
	closed bool
}

const (
	// maxDescribers is about how many containers describe the execs of one build. A
	// container costs as much as a small RUN, so a build of more RUNs has several
	// described in one.
	maxDescribers = 32
	// aloneDescribed is how many of such a build's last execs are described each by
	// itself all the same: they are what changes most.
	aloneDescribed = 8
)

// share returns how many execs a segment may have, by the number of the exec that it
// begins with, from 0: one, so that a changed RUN never costs the evidence of another
// one, unless there are very many.
func share(g *Graph, states []Edge) func(first int) int {
	n := 0
	for _, s := range states {
		if g.vertices[s.Vertex].Kind() == step.KindExec {
			n++
		}
	}
	if n <= maxDescribers {
		return func(int) int { return 1 }
	}
	shared, containers := n-aloneDescribed, maxDescribers-aloneDescribed
	each := (shared + containers - 1) / containers
	return func(first int) int { return max(1, min(each, shared-first)) }
}

// segments groups states (parents first). The last exec that a segment may have ends
// it. bases are sources whose whole contents are wanted; each is a segment of its own,
// cached by the source's digest.
func segments(g *Graph, states, bases []Edge) []segment {
	room, seen := share(g, states), 0
	var out []segment
	last := map[Edge]int{} // state -> open segment that ends with it
	for _, b := range bases {
		out = append(out, segment{states: []Edge{b}, closed: true})
	}
	for _, s := range states {
		parent := g.Parent(s)
		i, ok := last[parent]
		if ok && !out[i].closed && len(out[i].states) < step.MaxSegment {
			out[i].states = append(out[i].states, s)
			delete(last, parent)
		} else {
			i = len(out)
			out = append(out, segment{base: parent, states: []Edge{s}, room: room(seen)})
		}
		if g.vertices[s.Vertex].Kind() == step.KindExec {
			seen++
			out[i].room--
			out[i].closed = out[i].room <= 0
		}
		last[s] = i
	}
	return out
}

// BaseOf follows a state's parents to the source that they begin with; scratch when
// there is none.
func (g *Graph) BaseOf(e Edge) Edge {
	for seen := 0; !e.IsScratch() && seen <= len(g.order); seen++ {
		if v := g.vertices[e.Vertex]; v == nil || v.Kind() == KindSource {
			return e
		}
		e = g.Parent(e)
	}
	return Edge{}
}
